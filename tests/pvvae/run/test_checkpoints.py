"""A checkpoint is whole or it is not there; what was saved before stays."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pvvae.errors import ConfigError
from pvvae.run import checkpoints

ROOT = Path(__file__).resolve().parents[3]


def write_number(number: int) -> checkpoints.Write:
    def write(folder: Path) -> list[Path]:
        (folder / "inner").mkdir()
        (folder / "inner" / "weights").write_text(str(number))
        save_file({"x": torch.tensor([number])}, folder / "vae.safetensors")
        return [folder / "inner/weights", folder / "vae.safetensors"]

    return write


def save(folder: Path, step: int, *, score: float | None = None, keep_last: int = 2) -> None:
    facts: dict[str, Any] = {"score": score}
    checkpoints.save(folder, step, write=write_number(step), facts=facts, keep_last=keep_last)


def steps(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("step_")) for path in folder.glob("step_*"))


def newest(folder: Path) -> tuple[int | None, list[str]]:
    """Step of the newest good checkpoint, and what was said about damaged ones."""
    said: list[str] = []
    found = checkpoints.newest(folder, warn=said.append)
    return (None if found is None else found.step), said


def test_without_checkpoints_there_is_no_newest(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") == (None, [])
    assert checkpoints.best(tmp_path / "none") is None


def test_the_newest_is_found_with_its_facts(tmp_path: Path) -> None:
    for step in (5, 10):
        save(tmp_path, step, score=1.5)
    found = checkpoints.newest(tmp_path, warn=pytest.fail)
    assert found == checkpoints.Checkpoint(
        tmp_path / "step_00000010", 10, {"processes": 1, "score": 1.5}
    )
    assert (found.folder / "inner/weights").read_text() == "10"


class Interrupted(BaseException):
    """Not an error that anything catches."""


def test_an_interrupted_save_leaves_the_one_before(tmp_path: Path) -> None:
    save(tmp_path, 1)

    def cut(folder: Path) -> list[Path]:
        write_number(2)(folder)
        raise Interrupted

    with pytest.raises(Interrupted):
        checkpoints.save(tmp_path, 2, write=cut, facts={}, keep_last=2)
    assert newest(tmp_path) == (1, [])
    save(tmp_path, 3)
    assert newest(tmp_path) == (3, [])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


STOPPED = """
import os, sys
from pathlib import Path
from pvvae.run import checkpoints

FILES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
folder = Path(sys.argv[1])

def write(partial):
    (partial / "weights").write_text("2")
    return [partial / "weights"]

def save(last):
    seen = 0

    def stop(event, arguments):
        nonlocal seen
        if event in FILES and str(folder) in str(arguments[0]):
            seen += 1
            if seen == last:
                os._exit(9)

    sys.addaudithook(stop)
    checkpoints.save(folder, 2, write=write, facts={}, keep_last=1)

for last in range(1, 100):
    child = os.fork()
    if not child:
        save(last)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = []
    print((checkpoints.newest(folder, warn=said.append).step, said))
    if code != 9:
        sys.exit(code)
"""
"""Saves step 2 again and again, each time in a child that ends before its next file operation."""


def test_a_save_stopped_before_any_of_its_file_operations_leaves_a_whole_one(
    tmp_path: Path,
) -> None:
    save(tmp_path, 1)
    words = [sys.executable, "-c", STOPPED, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    found = done.stdout.splitlines()
    # The old one until the new one has its name; never a damaged one, at no stop.
    assert found == sorted(found)
    assert set(found) == {"(1, [])", "(2, [])"}
    assert found.index("(2, [])") > 10
    assert steps(tmp_path) == [2]


def test_training_goes_on_while_a_checkpoint_is_written(tmp_path: Path) -> None:
    gate = threading.Event()

    def write(folder: Path) -> list[Path]:
        gate.wait(60)
        return write_number(1)(folder)

    with checkpoints.Writer(tmp_path, keep_last=1) as writer:
        writer.save(1, write=write, facts={})
        assert newest(tmp_path) == (None, [])
        gate.set()
    assert newest(tmp_path) == (1, [])


def test_a_checkpoint_begun_is_finished_when_training_fails(tmp_path: Path) -> None:
    writer = checkpoints.Writer(tmp_path, keep_last=1)
    with pytest.raises(Interrupted), writer:  # noqa: PT012 - the block is what is tested
        writer.save(1, write=write_number(1), facts={})
        raise Interrupted
    assert newest(tmp_path) == (1, [])


def _shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("vae.safetensors", _shorten, "vae.safetensors is not what was written"),
        ("vae.safetensors", _flip, "vae.safetensors is not what was written"),
        ("inner/weights", Path.unlink, "inner/weights is missing"),
        ("manifest.json", Path.unlink, "no readable manifest.json"),
        ("manifest.json", _shorten, "no readable manifest.json"),
    ],
)
def test_a_damaged_newest_is_passed_over_with_a_word(
    name: str, spoil: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    save(tmp_path, 1)
    save(tmp_path, 2)
    spoil(tmp_path / "step_00000002" / name)
    step, said = newest(tmp_path)
    assert step == 1
    assert said == [
        f"{tmp_path}/step_00000002: damaged ({reason}); going on from the checkpoint before it"
    ]
    save(tmp_path, 2)  # the run comes past it again
    assert newest(tmp_path) == (2, [])


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    for step, score in ((1, 20.0), (2, 31.0), (3, 25.0), (4, 30.0), (5, 28.0)):
        save(tmp_path, step, score=score, keep_last=2)
    assert steps(tmp_path) == [2, 4, 5]
    best = checkpoints.best(tmp_path)
    assert best is not None
    assert best.step == 2


def test_without_scores_only_the_newest_stay(tmp_path: Path) -> None:
    for step in range(1, 6):
        save(tmp_path, step, keep_last=3)
    assert steps(tmp_path) == [3, 4, 5]


def test_a_damaged_manifest_stops_neither_the_best_nor_a_save(tmp_path: Path) -> None:
    save(tmp_path, 1, score=1.0)
    save(tmp_path, 2, score=9.0)
    (tmp_path / "step_00000002/manifest.json").write_text("{")
    best = checkpoints.best(tmp_path)
    assert best is not None
    assert best.step == 1
    save(tmp_path, 3, score=0.5)
    assert newest(tmp_path) == (3, [])


def test_a_full_disk_is_the_user_s_line_and_leaves_the_one_before(tmp_path: Path) -> None:
    save(tmp_path, 1)

    def write(folder: Path) -> list[Path]:
        (folder / "weights").symlink_to("/dev/full")
        (folder / "weights").write_text("more than fits")
        return [folder / "weights"]

    with pytest.raises(ConfigError, match="the disk is full; nothing already saved is lost"):
        checkpoints.save(tmp_path, 2, write=write, facts={}, keep_last=2)
    assert newest(tmp_path) == (1, [])
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000001"]


@pytest.mark.parametrize("keep_last", [1, 3])
def test_saving_a_step_again_replaces_it(keep_last: int, tmp_path: Path) -> None:
    save(tmp_path, 1)
    save(tmp_path, 1, score=3.0, keep_last=keep_last)
    found = checkpoints.newest(tmp_path, warn=pytest.fail)
    assert found is not None
    assert found.facts["score"] == 3.0
    assert steps(tmp_path) == [1]


FOREIGN = (
    "step_best",
    "step_00000004.bak",
    "step_00000002 (copy)",
    "step_2",
    "step_000000020",
    ".step_mine.partial",
    "best",
)
"""Names that a user gives copies; sorted, some come after every checkpoint of ours."""


def test_folders_that_a_user_made_are_neither_read_nor_counted_nor_touched(tmp_path: Path) -> None:
    save(tmp_path, 2, score=9.0)
    for name in FOREIGN:
        shutil.copytree(tmp_path / "step_00000002", tmp_path / name)
    for step in (4, 6, 8):
        save(tmp_path, step, score=float(step))
        assert newest(tmp_path) == (step, [])
    found = checkpoints.best(tmp_path)
    assert found is not None and found.folder == tmp_path / "step_00000002"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*FOREIGN, "step_00000002", "step_00000006", "step_00000008"}
    with pytest.raises(ConfigError, match=r"there are checkpoints of steps 2, 6, 8$"):
        checkpoints.at_step(tmp_path, 5)
    for name in FOREIGN:
        assert (tmp_path / name / "inner/weights").read_text() == "2"


def test_a_copy_under_the_name_of_another_step_is_not_that_step(tmp_path: Path) -> None:
    save(tmp_path, 2, score=9.0)
    shutil.copytree(tmp_path / "step_00000002", tmp_path / "step_00000099")
    said = f"{tmp_path}/step_00000099: damaged (its manifest.json is of step 2); going on from"
    assert newest(tmp_path) == (2, [f"{said} the checkpoint before it"])
    found = checkpoints.best(tmp_path)
    assert found is not None and found.folder == tmp_path / "step_00000002"


def test_a_damaged_later_checkpoint_pushes_out_no_new_one(tmp_path: Path) -> None:
    save(tmp_path, 2, keep_last=1)
    save(tmp_path, 9, keep_last=2)
    (tmp_path / "step_00000009/vae.safetensors").unlink()
    save(tmp_path, 3, keep_last=1)
    assert newest(tmp_path)[0] == 3
    assert steps(tmp_path) == [3, 9]
