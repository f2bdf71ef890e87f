"""What ``make soak`` takes for broken; the kills themselves take it an hour."""

import json
from pathlib import Path

import pytest

from tools import soak
from tools.killing import BrokenRunError, partials


def run(folder: Path, *, mse: float = 0.5, weights: bytes = b"w", part: bytes = b"p") -> Path:
    newest = folder / "checkpoints/step_00000002"
    (newest / "generator").mkdir(parents=True)
    (newest / "manifest.json").write_text("{}")
    (newest / "vae.safetensors").write_bytes(weights)
    (newest / "generator/part_00001.safetensors").write_bytes(part)
    line = {"step": 1, "mse": mse, "times": {"seconds": id(newest)}}
    (folder / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def test_runs_that_differ_in_their_times_alone_are_the_same(tmp_path, capsys):
    soak.same(run(tmp_path / "killed"), run(tmp_path / "whole"))
    assert "as undisturbed" in capsys.readouterr().out


@pytest.mark.parametrize("what", [{"mse": 0.6}, {"weights": b"v"}, {"part": b"q"}])
def test_any_other_difference_is_broken(what, tmp_path):
    with pytest.raises(BrokenRunError, match="is not as if"):
        soak.same(run(tmp_path / "killed", **what), run(tmp_path / "whole"))


def test_only_a_whole_checkpoint_counts(tmp_path):
    assert soak.newest(tmp_path) == 0
    folder = run(tmp_path / "killed")
    (folder / "checkpoints/.step_00000004.partial").mkdir()
    assert soak.newest(folder) == 2
    assert [name for name, _ in partials(folder)] == [".step_00000004.partial"]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("runs/a: going on from step 12\nstep 13 of 40, mse 1", 12),
        ("a:  0%\nstep 1 of 40, mse 1", 0),
        ("Traceback\n", None),
    ],
)
def test_where_a_run_went_on_from_is_what_it_said(text, step, tmp_path):
    (tmp_path / "log").write_text(text)
    assert soak.went_on_from(tmp_path / "log") == step
