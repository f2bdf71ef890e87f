"""Latte on clips that are encoded when a step needs them."""

import json
from pathlib import Path

import pytest

from pvvae.denoiser.online_latents import FILE, OnlineLatents
from pvvae.denoiser.trained_run import latte_scale, latte_vae
from pvvae.denoiser.trainer import DenoiserTrainer
from pvvae.errors import ConfigError
from pvvae.run.folder import read_metrics
from tests.launchers.conftest import PLUGIN
from tests.stages.cuts import Killed, dying, metrics, results
from tests.stages.short import run_stage
from tests.stages.toy_runs import SMALL, cache, online, vae_run

pytestmark = pytest.mark.usefixtures("group")

FLIPPED = {"flip": 0.5, "height": 32, "width": 32}
"""Mirrored and cropped, as no cache has them."""


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vae_run(tmp_path_factory.mktemp("online") / "vae")


def train(shards: Path, run: Path, *words: str) -> Path:
    run_stage("latte", shards, run.parent, f"run={run}", *SMALL, *words)
    return run


def test_what_is_encoded_online_is_what_a_cache_holds(vae, shards, tmp_path):
    latents = cache(shards, tmp_path, vae)
    cached = train(shards, tmp_path / "cached", f"latents={latents}", "steps=3")
    encoded = train(shards, tmp_path / "encoded", online(shards, vae, flip=0.0), "steps=3")
    one, two = latte_scale(cached), latte_scale(encoded)
    assert one.encoder == two.encoder
    assert (one.shape, one.classes) == (two.shape, two.classes)
    assert two.mean.tolist() == pytest.approx(one.mean.tolist(), rel=1e-3, abs=1e-4)
    assert two.deviation.tolist() == pytest.approx(one.deviation.tolist(), rel=1e-3)
    for kind in ("train", "held_out"):  # apart by what float16 rounds in the cache
        losses = [[line["flow"] for line in read_metrics(run, kind)] for run in (cached, encoded)]
        assert len(losses[0]) >= 2
        assert losses[1] == pytest.approx(losses[0], rel=2e-3)
    assert latte_vae(encoded) == latte_vae(cached) == str(vae)


def test_flips_are_of_pixels_and_change_what_is_learned(vae, shards, tmp_path):
    plain, flipped = (
        train(shards, tmp_path / str(flip), online(shards, vae, flip=flip), "steps=1")
        for flip in (0.0, 1.0)
    )
    assert (plain / FILE).read_bytes() == (flipped / FILE).read_bytes()
    losses = [read_metrics(run, "train")[0]["flow"] for run in (plain, flipped)]
    assert losses[0] != losses[1]


def test_a_run_cut_in_two_equals_a_run_in_one_piece_and_measures_once(
    vae, shards, tmp_path, monkeypatch
):
    latents = online(shards, vae, **FLIPPED)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(shards, whole, latents)
    with monkeypatch.context() as patch:
        patch.setattr(DenoiserTrainer, "step", dying(DenoiserTrainer.step, calls=3))
        with pytest.raises(Killed):
            train(shards, cut, latents)
    monkeypatch.setattr(OnlineLatents, "_measured", dying(None, calls=0))
    train(shards, cut, latents)
    assert metrics(cut) == metrics(whole)
    assert results(cut) == results(whole)
    assert (cut / FILE).read_bytes() == (whole / FILE).read_bytes()


def test_its_samples_are_decoded_by_the_vae_that_encoded(vae, shards, tmp_path):
    latte = train(shards, tmp_path / "latte", online(shards, vae), "steps=1")
    words = [f"latte={latte}", f"vae={latte_vae(latte)}", "num=1", "sampler.steps=1"]
    run_stage("generate", shards, tmp_path, *words)
    assert [path.name for path in (tmp_path / "generate/clips").iterdir()] == ["000000.npy"]
    assert json.loads((latte / FILE).read_text())["count"] == 8  # four videos, two clips each


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 16}, r"^latents: .* got 16; nearest valid lengths: 13, 17$"),
        ({"height": 40}, r"^latents: .*40"),
        ({"frames": 33}, r"frames"),
        ({"measured": 0}, r"measured: must be at least 1, got 0"),
        ({"held_out": "nowhere"}, r"^nowhere"),
        ({"vae": "nowhere"}, r"^nowhere: no such run folder"),
        ({"vae": {"name": "wan2.2"}}, r"vae\.weights: null means random weights"),
    ],
)
def test_clips_that_cannot_be_encoded_are_refused(changes, message, vae, shards, tmp_path):
    with pytest.raises(ConfigError, match=message):
        train(shards, tmp_path / "latte", online(shards, vae, **changes))


def test_a_denoiser_of_other_latents_is_refused_before_anything_is_measured(
    shards, tmp_path, monkeypatch
):
    monkeypatch.setattr(OnlineLatents, "_measured", dying(None, calls=0))
    other = vae_run(tmp_path / "vae", channels=8)
    with pytest.raises(ConfigError, match=r"latents of 8 channels, the denoiser wants 4"):
        train(shards, tmp_path / "latte", online(shards, other))
    words = [f'plugins=["{PLUGIN}"]', "denoiser.latent_channels=8", "denoiser.num_classes=5"]
    with pytest.raises(ConfigError, match=r"denoiser\.num_classes: .* has 2 classes"):
        train(shards, tmp_path / "latte", online(shards, other), *words)
