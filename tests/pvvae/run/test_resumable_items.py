"""Items are shared out, kept, left and gone on with, by one process or two."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pvvae.run.progress_file import ItemProgress
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run, RunConfig
from pvvae.run.stop_request import VARIABLE, Stopped
from tests.processes import run_group


def take(folder: Path, numbers: Sequence[int], *, stop: Path | None = None, at: int = -1) -> None:
    """Keep a file for every number that has none; make ``stop`` when number ``at`` is taken."""
    run = Run(RunConfig(run=str(folder)), stage="generate")
    items = ResumableItems(
        run, numbers, kept=lambda n: (folder / f"{n}.kept").exists(), clips=lambda n: 10 * n
    )
    for number in items:
        (folder / f"{number}.kept").touch(exist_ok=False)
        items.part(0.5)
        if number == at and stop is not None:
            stop.touch()
    run.close()


def kept(folder: Path) -> set[int]:
    return {int(path.stem) for path in folder.glob("*.kept")}


def test_what_is_kept_is_not_done_again(tmp_path: Path) -> None:
    tmp_path.joinpath("2.kept").touch()
    take(tmp_path, [1, 2, 3])  # making a file that is there would fail
    assert kept(tmp_path) == {1, 2, 3}
    standing = ItemProgress.read(tmp_path)
    assert standing is not None
    assert (standing.done, standing.total, standing.begun) == (60, 60, 20)
    assert standing.seconds > 0


def test_a_run_that_is_asked_leaves_after_the_item_it_is_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = tmp_path / "stop"
    monkeypatch.setenv(VARIABLE, str(stop))
    with pytest.raises(Stopped, match=r"run: kept 30 of 100 clips, as asked; the same command"):
        take(tmp_path / "run", [1, 2, 3, 4], stop=stop, at=2)
    assert kept(tmp_path / "run") == {1, 2}
    standing = ItemProgress.read(tmp_path / "run")
    assert standing is not None
    assert (standing.done, standing.total) == (30, 100)
    stop.unlink()
    take(tmp_path / "run", [1, 2, 3, 4])
    assert kept(tmp_path / "run") == {1, 2, 3, 4}


def test_a_run_that_is_asked_at_its_last_item_ends_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = tmp_path / "stop"
    monkeypatch.setenv(VARIABLE, str(stop))
    take(tmp_path / "run", [1, 2], stop=stop, at=2)
    assert kept(tmp_path / "run") == {1, 2}


def test_a_note_is_no_result(tmp_path: Path) -> None:
    Run(RunConfig(run=str(tmp_path)), stage="generate").close()
    (tmp_path / "progress.json").write_text("{}")
    Run(RunConfig(run=str(tmp_path), seed=1), stage="generate").close()


@pytest.mark.matrix
def test_two_processes_take_turns_leave_together_and_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "stop"))
    outputs = run_group(["-m", "tests.pvvae.run.test_resumable_items", str(tmp_path)], processes=2)
    assert [output.count("kept 100 of 280 clips") for output in outputs] == [1, 1]
    assert kept(tmp_path / "run") == {1, 2, 3, 4}
    (tmp_path / "stop").unlink()
    take(tmp_path / "run", range(1, 8))
    assert kept(tmp_path / "run") == {1, 2, 3, 4, 5, 6, 7}


def main(folder: Path) -> None:
    """Both processes' part of the test above: seven items, asked to leave in the second turn."""
    from pvvae.distributed import leave
    from pvvae.engine import start, stop

    start()
    try:
        take(folder / "run", range(1, 8), stop=folder / "stop", at=3)  # of the main process
    except Stopped as stopped:
        print(stopped)
    stop()
    leave(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
