"""The VAE as users of diffusers know one: equal to the network inside, whatever the backbone."""

import sys

import pytest
import torch

from arch.interface import Stride
from arch.registry import load_plugin
from pvvae.autoencoder import Autoencoder
from pvvae.autoencoder.tiling import Tiles, Tiling
from tests.launchers.conftest import PLUGIN
from tests.pvvae.autoencoder.made import CONFIGS, made

load_plugin(PLUGIN)


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda config: type(config).__name__)
def autoencoder(request: pytest.FixtureRequest) -> Autoencoder:
    return made(request.param)


@pytest.fixture(scope="module")
def toy() -> Autoencoder:
    return made(CONFIGS[-1])


def clip(*, batch: int = 1, height: int = 32, width: int = 48) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, 3, 5, height, width, generator=generator) * 2 - 1


@torch.no_grad()
def test_encoding_and_decoding_are_the_backbone_s(autoencoder):
    x = clip()
    posterior = autoencoder.vae.backbone.encode(x)
    found = autoencoder.encode(x).latent_dist
    assert torch.equal(found.mean, posterior.mean)
    assert torch.equal(found.logvar, posterior.logvar)
    recon = autoencoder.vae.backbone.decode(posterior.mean)
    assert torch.equal(autoencoder.decode(found.mode()).sample, recon)
    assert torch.equal(autoencoder(x).sample, recon)
    assert torch.equal(autoencoder.decode(found.mode(), return_dict=False)[0], recon)
    assert autoencoder.encode(x, return_dict=False)[0].mean.shape == posterior.mean.shape


@torch.no_grad()
def test_a_sampled_reconstruction_draws_from_the_generator(toy):
    z = toy.encode(clip()).latent_dist.sample(torch.Generator().manual_seed(4))
    whole = toy(clip(), sample_posterior=True, generator=torch.Generator().manual_seed(4))
    assert torch.equal(whole.sample, toy.decode(z).sample)


@torch.no_grad()
def test_clip_by_clip_equals_the_batch(autoencoder):
    x = clip(batch=2)
    whole = autoencoder(x).sample
    autoencoder.enable_slicing()
    torch.testing.assert_close(autoencoder(x).sample, whole, rtol=1e-5, atol=1e-5)
    autoencoder.disable_slicing()


@torch.no_grad()
def test_tiles_are_encoded_and_decoded_alone_and_blended(autoencoder):
    x = clip(width=64)
    tiles = Tiles(32, 64, Tiling(size=48, overlap=16), stride=16)
    cells = Tiles(2, 4, Tiling(size=3, overlap=1), stride=1)
    backbone = autoencoder.vae.backbone
    mean = cells.blend([backbone.encode(tile).mean for tile in tiles.split(x)])
    recon = tiles.blend([backbone.decode(tile) for tile in cells.split(mean)])
    autoencoder.enable_tiling(48, 16)
    found = autoencoder.encode(x).latent_dist
    assert torch.equal(found.mean, mean)
    assert torch.equal(autoencoder.decode(mean).sample, recon)
    autoencoder.disable_tiling()
    assert torch.equal(autoencoder.encode(x).latent_dist.mean, backbone.encode(x).mean)


@torch.no_grad()
def test_a_network_that_looks_at_one_cell_knows_no_seams(toy):
    x = clip(height=96, width=64)
    whole = toy(x).sample
    toy.enable_tiling(48)
    torch.testing.assert_close(toy(x).sample, whole, rtol=1e-5, atol=1e-5)
    toy.disable_tiling()


def test_tiles_without_sizes_are_those_of_the_stride(toy, monkeypatch):
    seen = []
    monkeypatch.setattr(toy, "_tiling", None)
    toy.enable_tiling()
    seen.append(toy._tiling)
    assert seen == [Tiling(size=512, overlap=128)]


@pytest.mark.parametrize("sizes", [(40, 16), (48, 8), (48, 32), (0, 0)])
def test_tiles_that_cannot_be_are_refused_at_once(sizes, toy):
    with pytest.raises(ValueError, match="must be"):
        toy.enable_tiling(*sizes)
    assert toy._tiling is None


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 3, 32, 48), r"pixels must be \(B, 3, T, H, W\), got \(1, 3, 32, 48\)"),
        ((1, 4, 5, 32, 48), "pixels must be"),
        ((1, 3, 6, 32, 48), "nearest valid lengths: 5, 9"),
        ((1, 3, 5, 30, 48), "nearest valid sizes: 16, 32"),
    ],
)
def test_clips_that_do_not_fit_are_told_in_one_line(shape, why, toy):
    with pytest.raises(ValueError, match=why):
        toy.encode(torch.zeros(shape))


def test_latents_of_other_channels_are_told_in_one_line(toy):
    with pytest.raises(ValueError, match=r"latents must be \(B, 4, t, h, w\), got \(1, 5, "):
        toy.decode(torch.zeros(1, 5, 2, 2, 2))


def test_the_config_has_what_pipelines_ask_for(autoencoder):
    config, channels = autoencoder.config, autoencoder.vae.backbone.latent_channels
    assert (config.z_dim, config.latent_channels) == (channels, channels)
    assert autoencoder.vae.backbone.stride == Stride(
        config.scale_factor_temporal, config.scale_factor_spatial
    )
    assert config.temporal_compression_ratio == config.scale_factor_temporal == 4
    assert config.spatial_compression_ratio == config.scale_factor_spatial == 16
    assert (config.latents_mean, config.latents_std) == ((0.0,) * channels, (1.0,) * channels)
    assert config.latents_measured_on is None


def test_dtype_and_device_are_those_of_the_weights(monkeypatch):
    autoencoder = made(CONFIGS[-1])
    assert (autoencoder.dtype, autoencoder.device) == (torch.float32, torch.device("cpu"))
    assert autoencoder.to(torch.bfloat16).dtype == torch.bfloat16
    assert autoencoder.to("meta").device == torch.device("meta")


@torch.no_grad()
def test_what_is_saved_comes_back_equal_without_diffusers(autoencoder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    autoencoder.save_pretrained(tmp_path / "all/vae")
    for again in (
        Autoencoder.from_pretrained(tmp_path / "all/vae"),
        Autoencoder.from_pretrained(str(tmp_path / "all"), subfolder="vae"),
    ):
        assert again.config == autoencoder.config
        assert not again.training
        weights = autoencoder.state_dict()
        torch.testing.assert_close(again.state_dict(), weights, rtol=0, atol=0)
    half = Autoencoder.from_pretrained(tmp_path / "all/vae", torch_dtype=torch.bfloat16)
    assert half.dtype == torch.bfloat16
