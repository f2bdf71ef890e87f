"""Steps that are not finite: skipped, and too many of them rolled back, without a trace."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from pvvae.data.clips import TrainingClips
from pvvae.errors import ConfigError
from pvvae.run.folder import read_metrics
from pvvae.vae.trainer import VAETrainer
from tests.stages.cuts import Killed, dying, metrics, results
from tests.stages.short import run_stage

pytestmark = pytest.mark.usefixtures("group")

SHORT = ("init=null", "steps=6", "loop.max_skips=2", "loop.max_rollbacks=1")
GAN = ("objective.gan_start=1", "objective.discriminator_warmup=1")


SPIKY = ("watch.spike_window=2", "watch.spike_sigma=1.0", *GAN)


def spoiling(
    patch: pytest.MonkeyPatch,
    *steps: int,
    rollbacks: int | None = None,
    whole=TrainingClips.iterate,
) -> None:
    """Put NaN into the data of the steps named, of a run rolled back so many times or any."""

    def iterate(self, start_step, slots, **kwargs):
        after = kwargs["rollbacks"]
        for step, batches in enumerate(whole(self, start_step, slots, **kwargs), start_step):
            if step in steps and rollbacks in (None, after):
                last = batches[-1]
                batches[-1] = replace(last, x=torch.full_like(last.x, torch.nan))
            yield batches

    patch.setattr(TrainingClips, "iterate", iterate)


@pytest.fixture
def spoil(monkeypatch):
    """:func:`spoiling`, until the test's end."""
    return partial(spoiling, monkeypatch)


@pytest.fixture(scope="module")
def gone_back(shards, group, tmp_path_factory) -> Path:
    """A run that skipped two steps, went back to its checkpoint, and ended undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        spoiling(patch, 3, 4, rollbacks=0)
        run_stage("predictive", shards, folder, *SHORT, *SPIKY)
    return folder / "predictive"


def weights(run: Path, step: int) -> list[bytes]:
    folder = run / f"checkpoints/step_{step:08d}"
    return [(folder / f"{name}.safetensors").read_bytes() for name in ("vae", "discriminator")]


def test_a_batch_with_nan_changes_no_weight_and_training_goes_on(shards, tmp_path, spoil):
    spoil(4)
    run_stage("predictive", shards, tmp_path, *SHORT, *GAN, "steps=5", "loop.keep_last=9")
    run = tmp_path / "predictive"
    assert weights(run, 5) == weights(run, 4)
    spoil(2)
    run_stage(
        "predictive", shards, tmp_path, *SHORT, *GAN, f"run={tmp_path}/on", "loop.keep_last=9"
    )
    run = tmp_path / "on"
    lines = read_metrics(run, "train")
    assert [line["skipped"] for line in lines] == [0, 0, 1, 0, 0, 0]
    assert ["mse" in line for line in lines] == [True, True, False, True, True, True]
    assert all(a != b for a, b in zip(weights(run, 2), weights(run, 4), strict=True))


def test_skipped_steps_in_a_row_lead_back_to_the_checkpoint_and_on_with_other_data(
    gone_back, shards, tmp_path
):
    run_stage("predictive", shards, tmp_path, *SHORT, *SPIKY)
    lines = read_metrics(gone_back, "train")
    clean = read_metrics(tmp_path / "predictive", "train")
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["mse"] for line in lines[:2]] == [line["mse"] for line in clean[:2]]
    assert all(a["mse"] != b["mse"] for a, b in zip(lines[2:], clean[2:], strict=True))
    (rollback,) = read_metrics(gone_back, "rollback")
    assert (rollback["step"], rollback["number"], rollback["from_step"]) == (2, 1, 5)


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(3, marks=pytest.mark.matrix, id="before the rollback"),
        pytest.param(4, id="amid skips"),
        pytest.param(5, marks=pytest.mark.matrix, id="just back"),
        pytest.param(8, id="saved again"),
    ],
)
def test_a_run_that_goes_back_may_be_cut_anywhere(
    calls, gone_back, shards, tmp_path, spoil, monkeypatch
):
    spoil(3, 4, rollbacks=0)
    with monkeypatch.context() as patch:
        patch.setattr(VAETrainer, "step", dying(VAETrainer.step, calls=calls))
        with pytest.raises(Killed):
            run_stage("predictive", shards, tmp_path, *SHORT, *SPIKY)
    run_stage("predictive", shards, tmp_path, *SHORT, *SPIKY)
    assert metrics(tmp_path / "predictive") == metrics(gone_back)
    assert results(tmp_path / "predictive") == results(gone_back)


def test_spikes_are_counted_from_what_came_before_in_the_run(gone_back):
    lines = read_metrics(gone_back, "train")
    assert [line["spikes"] for line in lines[:2]] == [0, 0]  # nothing to compare with yet
    assert sum(line["spikes"] for line in lines) > 0
    assert all(line["spikes"] == bool(line.get("spiked")) for line in lines)


def test_a_run_gives_up_when_other_data_do_not_help(shards, tmp_path, spoil):
    spoil(3, 4)
    with pytest.raises(
        ConfigError,
        match=r"2 steps in a row up to step 5 were not finite, after 1 rollbacks to step 2 .*; try",
    ):
        run_stage("predictive", shards, tmp_path, *SHORT)


def test_a_run_without_a_checkpoint_has_nowhere_to_go_back_to(shards, tmp_path, spoil):
    spoil(0, 1)
    with pytest.raises(ConfigError, match="up to step 2 were not finite, before the first check"):
        run_stage("predictive", shards, tmp_path, *SHORT)
    assert not list((tmp_path / "predictive").glob("checkpoints/step_*"))


def test_a_line_tells_losses_pulls_latents_pace_and_memory(shards, tmp_path, capsys):
    run_stage("predictive", shards, tmp_path, *SHORT, *GAN, "steps=2")
    line = read_metrics(tmp_path / "predictive", "train")[-1]
    assert line.keys() >= {"grad_rec", "grad_lpips", "grad_gan", "channels_active", "skipped"}
    assert {"latent_std_first", "latent_std_later"} & line.keys()
    assert len(line["kl_channel"]) >= line["channels_active"]
    assert line["times"].keys() == {
        "seconds_per_step",
        "clips_per_second",
        "pixels_per_second",
        "data_wait_share",
        "memory_gib",
    }
    said = [x for x in capsys.readouterr().err.splitlines() if x.startswith("step 2 of 2, ")]
    assert len(said) == 1
    assert "clips/s" in said[0]
