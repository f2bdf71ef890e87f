"""Pipelines of diffusers take our VAE for one of theirs, and decode as one does by hand."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.pretrained.published import describe
from tests.tiny import backbone_configs, tiny_vae

MEAN, STD = 0.25, 2.0
SIZES = {"height": 32, "width": 48, "num_inference_steps": 2, "output_type": "pt"}


@pytest.fixture(scope="module")
def diffusers() -> Any:
    importlib.import_module("pvvae.diffusers")  # past a torchvision that does not fit
    return importlib.import_module("diffusers")


@pytest.fixture(scope="module", params=backbone_configs(), ids=lambda config: str(config.name))
def vae(request: pytest.FixtureRequest, diffusers: Any) -> Any:
    from pvvae.diffusers import AutoencoderPV

    network = tiny_vae(request.param).eval()
    channels = network.backbone.latent_channels
    statistics = {"mean": [MEAN] * channels, "std": [STD] * channels}
    return AutoencoderPV(network, describe(network, request.param, **statistics))


@pytest.fixture(scope="module")
def transformer(diffusers: Any) -> Any:
    torch.manual_seed(0)
    return diffusers.WanTransformer3DModel(
        patch_size=(1, 1, 1),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=32,
        out_channels=32,
        text_dim=16,
        freq_dim=16,
        ffn_dim=32,
        num_layers=1,
        rope_max_seq_len=32,
    )


def parts(diffusers: Any, transformer: Any) -> dict[str, Any]:
    """Of a pipeline without text; transformers' encoders are not needed for one."""
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    return {
        "transformer": transformer,
        "scheduler": scheduler,
        "tokenizer": None,
        "text_encoder": None,
    }


def frames(pipeline: Any, **values: Any) -> Tensor:
    pipeline.set_progress_bar_config(disable=True)
    prompt = torch.ones(1, 4, 16)
    out: Tensor = pipeline(
        prompt_embeds=prompt,
        negative_prompt_embeds=-prompt,
        generator=torch.Generator().manual_seed(1),
        **SIZES | values,
    ).frames
    return out


@pytest.fixture(scope="module")
def pipeline(diffusers: Any, vae: Any, transformer: Any) -> Any:
    return diffusers.WanPipeline(vae=vae, **parts(diffusers, transformer))


@torch.no_grad()
def test_a_pipeline_decodes_as_one_does_by_hand(pipeline, vae):
    video = frames(pipeline, num_frames=5)
    assert video.shape == (1, 5, 3, 32, 48)
    latents = frames(pipeline, num_frames=5, output_type="latent")
    assert latents.shape == (1, 32, 2, 2, 3)
    pixels = vae.vae.backbone.decode(latents * STD + MEAN)
    assert torch.equal(video, (pixels / 2 + 0.5).clamp(0, 1).movedim(2, 1))


def test_a_pipeline_is_saved_and_loaded_with_ours_inside(
    pipeline, diffusers, transformer, tmp_path
):
    from pvvae.diffusers import AutoencoderPV

    pipeline.save_pretrained(tmp_path)
    given = parts(diffusers, transformer)
    del given["scheduler"]
    again = diffusers.WanPipeline.from_pretrained(tmp_path, **given)
    assert isinstance(again.vae, AutoencoderPV)
    assert again.vae.config == pipeline.vae.config
    assert torch.equal(frames(again, num_frames=5), frames(pipeline, num_frames=5))


def test_ours_is_handed_to_a_pipeline_that_is_loaded(pipeline, diffusers, transformer, tmp_path):
    pipeline.save_pretrained(tmp_path)
    given = parts(diffusers, transformer)
    del given["scheduler"]
    again = diffusers.WanPipeline.from_pretrained(tmp_path, vae=pipeline.vae, **given)
    assert again.vae is pipeline.vae


def test_a_video_is_encoded_by_a_pipeline(diffusers, vae, transformer):
    pipeline = diffusers.WanVideoToVideoPipeline(vae=vae, **parts(diffusers, transformer))
    video = torch.rand(1, 5, 3, 32, 48, generator=torch.Generator().manual_seed(2))
    assert (pipeline.vae_scale_factor_temporal, pipeline.vae_scale_factor_spatial) == (4, 16)
    assert frames(pipeline, video=video, strength=1.0).shape == (1, 5, 3, 32, 48)


def test_what_ours_cannot_do_is_told_in_one_line(diffusers, tmp_path: Path):
    from pvvae.diffusers import AutoencoderPV

    for key, value in (("variant", "fp16"), ("subfoldr", "vae"), ("use_safetensors", False)):
        with pytest.raises(ConfigError, match=f"^{key}: "):
            AutoencoderPV.from_pretrained(tmp_path, **{key: value})


def test_without_diffusers_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "pvvae.diffusers", raising=False)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ConfigError, match=r"needs diffusers .* the extra 'peers'"):
        importlib.import_module("pvvae.diffusers")
