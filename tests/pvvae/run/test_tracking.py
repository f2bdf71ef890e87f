import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from wandb.proto.wandb_internal_pb2 import Record

from pvvae.data.video.video import write_video
from pvvae.errors import ConfigError
from pvvae.run.tracking import Tracker, TrackingConfig


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def test_offline_keeps_numbers_and_videos_in_the_run_folder(tmp_path):
    write_video(tmp_path / "clip.mp4", np.zeros((3, 16, 16, 3), np.uint8), fps=8)
    tracker = Tracker(TrackingConfig(wandb="offline"), folder=tmp_path, settings={"steps": 2})
    tracker.log(1, {"train/mse": 0.5})
    tracker.video(1, "samples", tmp_path / "clip.mp4")
    tracker.close()
    wandb.teardown()  # as at the end of a program: what wandb's own process held back is written
    (record,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"train/mse" in record.read_bytes()
    assert list(record.parent.rglob("samples*.mp4"))


def test_lines_made_again_after_going_back_are_kept_and_drawn_over_our_step(tmp_path):
    tracker = Tracker(TrackingConfig(wandb="offline"), folder=tmp_path, settings={})
    for step, mse in ((1, 0.5), (2, 0.4), (3, 0.9), (2, 0.3), (3, 0.2)):  # back to step 1
        tracker.log(step, {"train/mse": mse})
    tracker.close()
    wandb.teardown()
    (path,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    lines = [record.history for record in records(path) if record.HasField("history")]
    found = [(values(line)["step"], values(line)["train/mse"]) for line in lines]
    assert found == [(1, 0.5), (2, 0.4), (3, 0.9), (2, 0.3), (3, 0.2)]
    axes = [r.metric for r in records(path) if r.HasField("metric")]
    assert [(m.glob_name, m.step_metric) for m in axes if m.glob_name] == [("*", "step")]


BLOCK, FULL, LAST = 32768, 1, 4
"""LevelDB's log format."""


def records(path: Path) -> Iterator[Record]:
    """What a file of wandb's holds: a log as LevelDB writes it, after 7 bytes of wandb's own."""
    data, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        room = BLOCK - at % BLOCK
        if room < 7:  # no header fits: the rest of the block is padding
            at += room
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(whole)
            yield record
            whole = b""


def values(line: Any) -> dict[str, Any]:
    """Of one record of history."""
    named = {item.key or "/".join(item.nested_key): item.value_json for item in line.item}
    return {name: json.loads(value) for name, value in named.items()}


def test_disabled_touches_nothing(tmp_path):
    tracker = Tracker(TrackingConfig(), folder=tmp_path, settings={})
    tracker.log(1, {"train/mse": 0.5})
    tracker.close()
    assert list(tmp_path.iterdir()) == []


def test_online_without_an_account_is_one_line_and_never_a_prompt(tmp_path):
    with pytest.raises(ConfigError, match="needs an account; run `wandb login`"):
        Tracker(TrackingConfig(wandb="online"), folder=tmp_path, settings={})


def identity(folder: Path) -> str:
    """The id under which wandb gets what is tracked in ``folder``."""
    folder.mkdir(exist_ok=True)
    tracker = Tracker(TrackingConfig(wandb="offline"), folder=folder, settings={})
    tracker.close()
    wandb.teardown()
    newest = max((folder / "wandb").glob("offline-run-*"), key=lambda path: path.stat().st_mtime_ns)
    # offline-run-TIME-ID, and a number behind it for a second one in the same second
    return newest.name.split("-")[3]


def test_a_run_keeps_its_id_wherever_it_is_and_another_at_its_path_gets_its_own(tmp_path):
    first = identity(tmp_path / "run")
    assert identity(tmp_path / "run") == first
    assert (tmp_path / "run/wandb_id").read_text() == f"{first}\n"
    (tmp_path / "run").rename(tmp_path / "moved")
    assert identity(tmp_path / "run") != first
    assert identity(tmp_path / "moved") == first


def test_a_run_whose_id_was_not_kept_goes_on_with_the_one_that_wandb_knows(tmp_path):
    first = identity(tmp_path / "run")
    (tmp_path / "run/wandb_id").unlink()
    assert identity(tmp_path / "run") == first
