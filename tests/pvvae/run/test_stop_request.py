"""A run that is asked to leave saves and ends, and goes on as if nobody had asked."""

import json
from pathlib import Path

import pytest

import stages.__main__
from pvvae.run.stop_request import STOPPED, VARIABLE, Stopped, stop_asked
from tests.processes import run_group
from tests.stages.short import CONFIGS, overrides, run_stage

PROGRAM = """
import sys
from pathlib import Path
from pvvae import distributed
from pvvae.engine import start, stop
from pvvae.run.stop_request import stop_asked
start()
print("asked", stop_asked())
if distributed.is_main():
    Path(sys.argv[1]).touch()
print("asked", stop_asked())
stop()
"""


def logged(run: Path) -> list[dict[str, object]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{**json.loads(line), "times": None} for line in lines]


@pytest.mark.usefixtures("group")
def test_a_run_that_was_asked_to_leave_goes_on_to_the_same_end(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = tmp_path / "stop"
    monkeypatch.setenv(VARIABLE, str(wish))
    run_stage("image_pretrain", shards, tmp_path / "whole")

    wish.touch()
    for step in (1, 2):  # beside a checkpoint of its own, and at one
        with pytest.raises(Stopped, match=f"saved at step {step}"):
            run_stage("image_pretrain", shards, tmp_path / "cut")
        assert (tmp_path / f"cut/image_pretrain/checkpoints/step_{step:08d}").is_dir()
    wish.unlink()
    run_stage("image_pretrain", shards, tmp_path / "cut")

    whole, cut = (logged(tmp_path / name / "image_pretrain") for name in ("whole", "cut"))
    assert len(whole) == 5 + 4  # a line a step; held out before, at 2 and 4, and at the end
    assert cut == whole


@pytest.mark.usefixtures("group")
def test_a_stage_that_was_asked_to_leave_says_so_and_has_a_status_of_its_own(
    shards: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    words = overrides("image_pretrain", shards, tmp_path / "runs")
    config = CONFIGS / "tiny/cnn/image_pretrain.yaml"
    assert stages.__main__.main([str(config), *words]) == STOPPED
    last = capsys.readouterr().err.strip().splitlines()[-1]
    run = tmp_path / "runs/image_pretrain"
    assert last == f"pvvae: {run}: saved at step 1, as asked; the same command goes on"


def test_all_processes_get_the_answer_of_the_main_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = tmp_path / "stop"
    monkeypatch.setenv(VARIABLE, str(wish))
    for output in run_group(["-c", PROGRAM, str(wish)], processes=2):
        said = [line for line in output.splitlines() if line.startswith("asked")]
        assert said == ["asked False", "asked True"]


def test_nobody_asks_where_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not stop_asked()
