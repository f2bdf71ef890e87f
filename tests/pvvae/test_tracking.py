import numpy as np
import pytest
import wandb

from pvvae.data.video import write_video
from pvvae.errors import ConfigError
from pvvae.tracking import Tracker, TrackingConfig


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


def test_disabled_touches_nothing(tmp_path):
    tracker = Tracker(TrackingConfig(), folder=tmp_path, settings={})
    tracker.log(1, {"train/mse": 0.5})
    tracker.close()
    assert list(tmp_path.iterdir()) == []


def test_online_without_an_account_is_one_line_and_never_a_prompt(tmp_path):
    with pytest.raises(ConfigError, match="needs an account; run `wandb login`"):
        Tracker(TrackingConfig(wandb="online"), folder=tmp_path, settings={})
