"""A file is replaced whole, also where others write it meanwhile."""

from pathlib import Path

from pvvae.files import write_atomic


def test_others_may_write_the_same_file_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "shared"

    def late(partial: Path) -> None:
        write_atomic(path, lambda other: other.write_text("early"), shared=True)
        assert path.read_text() == "early"
        partial.write_text("late")

    write_atomic(path, late, shared=True)
    assert path.read_text() == "late" and list(tmp_path.iterdir()) == [path]
