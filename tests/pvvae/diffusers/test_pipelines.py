"""Pipelines of diffusers take our VAE for one of theirs: built, run, saved and loaded with it."""

import importlib
import sys
from pathlib import Path

import diffusers
import pytest
import torch

from pvvae.diffusers import AutoencoderPV
from pvvae.errors import ConfigError
from tests.pvvae.diffusers.conftest import MEAN, STD, made
from tests.pvvae.diffusers.tiny_pipelines import CHANNELS, PIPELINES, frames, parts
from tests.tiny import backbone_configs


@pytest.mark.parametrize("name", PIPELINES)
@torch.no_grad()
def test_a_pipeline_runs_and_is_saved_and_loaded_with_ours_inside(name, small, tmp_path):
    kind, given = getattr(diffusers, name), parts(name)
    pipeline = kind(vae=small, **given)
    video = frames(pipeline)
    assert video.shape == (1, 5, 3, 32, 64)
    pipeline.save_pretrained(tmp_path, variant="fp16")
    assert not (tmp_path / "vae/diffusion_pytorch_model.safetensors").exists()
    del given["scheduler"]
    again = kind.from_pretrained(tmp_path, variant="fp16", **given)
    assert type(again.vae) is AutoencoderPV
    assert again.vae.config == small.config
    assert torch.equal(frames(again), video)


@pytest.mark.parametrize("config", backbone_configs(), ids=lambda config: str(config.name))
@torch.no_grad()
def test_a_pipeline_decodes_as_one_does_by_hand(config):
    vae = made(config)
    pipeline = diffusers.WanPipeline(vae=vae, **parts("WanPipeline"))
    assert (pipeline.vae_scale_factor_temporal, pipeline.vae_scale_factor_spatial) == (4, 16)
    latents = frames(pipeline, output_type="latent")
    assert latents.shape == (1, CHANNELS, 2, 2, 4)
    pixels = vae.vae.backbone.decode(latents * STD + MEAN)
    assert torch.equal(frames(pipeline), (pixels / 2 + 0.5).clamp(0, 1).movedim(2, 1))


def test_ours_is_handed_to_a_pipeline_that_is_loaded(small, tmp_path):
    given = parts("WanPipeline")
    diffusers.WanPipeline(vae=small, **given).save_pretrained(tmp_path)
    del given["scheduler"]
    again = diffusers.WanPipeline.from_pretrained(tmp_path, vae=small, **given)
    assert again.vae is small


def test_one_saved_by_a_version_of_before_is_loaded(small, tmp_path: Path):
    given = parts("WanPipeline")
    diffusers.WanPipeline(vae=small, **given).save_pretrained(tmp_path)
    index = (tmp_path / "model_index.json").read_text()
    assert '"pvvae.diffusers",\n    "AutoencoderPV"' in index  # as ever


@torch.no_grad()
def test_frames_one_by_one_are_no_latents_of_a_video(small):
    # Latte's pipeline decodes frames apart.
    with pytest.raises(
        ValueError, match=r"^latents must be \(B, 32, t, h, w\), got \(2, 32, 2, 4\)"
    ):
        small.decode(torch.zeros(2, CHANNELS, 2, 4))


def test_without_diffusers_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "pvvae.diffusers", raising=False)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ConfigError, match=r"needs diffusers .* the extra 'peers'"):
        importlib.import_module("pvvae.diffusers")
