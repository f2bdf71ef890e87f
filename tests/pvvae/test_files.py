"""A file is replaced whole, also where others write it meanwhile."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pvvae.files import write_atomic


def test_others_may_write_the_same_file_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "shared"

    def late(partial: Path) -> None:
        write_atomic(path, lambda other: other.write_text("early"), shared=True)
        assert path.read_text() == "early"
        partial.write_text("late")

    write_atomic(path, late, shared=True)
    assert path.read_text() == "late" and list(tmp_path.iterdir()) == [path]


@pytest.fixture(params=[0o022, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_files_have_the_mode_of_the_umask_whatever_library_writes_them(
    tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "a.safetensors"
    write_atomic(path, lambda partial: save_file({"x": torch.zeros(1)}, partial))
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def interrupted(partial: Path) -> None:
        partial.write_text("half of the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, interrupted)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
