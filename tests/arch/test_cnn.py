"""The convolutional backbone at paper size (on the meta device) and in its parts."""

import dataclasses

import pytest
import torch
from torch.utils._pytree import tree_leaves

from arch.cnn import CNNConfig, FrameAttention, ResBlock
from arch.interface import BackboneConfig
from arch.layers.resample import Downsample, Upsample
from pvvae import config as codec
from tests.tiny import CONFIGS


def shipped(path: str) -> CNNConfig:
    plain = codec.read_yaml(CONFIGS / path)["backbone"]
    config = codec.decode(BackboneConfig, plain, "backbone")
    assert isinstance(config, CNNConfig)
    return config


def test_the_paper_size_has_661_million_parameters() -> None:
    with torch.device("meta"):
        backbone = shipped("cnn/backbone.yaml").build()
    count = sum(p.numel() for p in backbone.parameters())
    assert count == 659_057_955
    assert abs(count / 661e6 - 1) < 0.005
    assert (*backbone.stride, backbone.latent_channels) == (4, 16, 64)


def test_the_layout_that_earlier_runs_have_in_their_configs_still_builds() -> None:
    config = dataclasses.replace(
        shipped("cnn/backbone.yaml"),
        encoder_channels=(80, 160, 256, 512, 1024),
        encoder_blocks=(2, 2, 2, 2, 2),
        decoder_blocks=(3, 3, 3, 3, 3),
    )
    with torch.device("meta"):
        backbone = config.build()
    assert sum(p.numel() for p in backbone.parameters()) == 660_802_883


@torch.no_grad()
def test_the_paper_size_maps_17_frames_to_5_groups() -> None:
    with torch.device("meta"):
        backbone = shipped("cnn/backbone.yaml").build()
        mean = backbone.encode(torch.zeros(1, 3, 17, 256, 256)).mean
        assert mean.shape == (1, 64, 5, 16, 16)
        assert backbone.decode(mean).shape == (1, 3, 17, 256, 256)


@torch.no_grad()
def test_decoding_is_causal_too() -> None:
    torch.manual_seed(0)
    backbone = shipped("tiny/cnn/backbone.yaml").build()
    z = torch.randn(1, 32, 4, 2, 2)
    whole, start = backbone.decode(z), backbone.decode(z[:, :, :2])
    torch.testing.assert_close(whole[:, :, :5], start, rtol=1e-5, atol=1e-5)


def test_residual_branches_start_silent() -> None:
    x = torch.randn(1, 16, 3, 4, 4)
    assert torch.equal(ResBlock(16)(x), x)
    assert torch.equal(FrameAttention(16, head_dim=8)(x), x)


@pytest.mark.parametrize("factor", [(1, 2, 2), (2, 2, 2)])
@torch.no_grad()
def test_shortcuts_carry_a_constant_clip_through_unchanged(factor: tuple[int, int, int]) -> None:
    """The first frame included, at full strength: nothing is padded with zeros."""
    x = torch.full((1, 16, 3, 4, 4), 2.5)
    down, up = (block.requires_grad_(False) for block in resamplers(factor))
    torch.testing.assert_close(down(x), torch.full((1, 32, 1 + 2 // factor[0], 2, 2), 2.5))
    torch.testing.assert_close(up(x), torch.full((1, 8, 1 + 2 * factor[0], 8, 8), 2.5))


def resamplers(factor: tuple[int, int, int]) -> tuple[Downsample, Upsample]:
    down = Downsample(16, 32, factor=factor, order="p q r")
    up = Upsample(16, 8, factor=factor, order="p q r")
    for block in (down, up):
        torch.nn.init.zeros_(block.conv.weight)
    return down, up


@torch.no_grad()
def test_the_shortcuts_of_a_pair_keep_the_halves_of_a_cell_apart() -> None:
    down, _ = resamplers((1, 2, 2))
    up = Upsample(32, 16, factor=(1, 2, 2), order="p q r")
    torch.nn.init.zeros_(up.conv.weight)
    x = torch.randn(1, 16, 1, 4, 4)
    rows = x.unflatten(4, (2, 2)).mean(-1).repeat_interleave(2, dim=4)
    torch.testing.assert_close(up(down(x)), rows)


def test_widths_whose_shortcut_does_not_come_out_even_are_refused() -> None:
    config = shipped("tiny/cnn/backbone.yaml")
    with pytest.raises(ValueError, match="decoder_channels: 24 must divide 8 x 16"):
        dataclasses.replace(config, decoder_channels=(16, 24, 32, 64, 128))
    with pytest.raises(ValueError, match=r"encoder_channels: .* multiple of 48 \(latent channels"):
        dataclasses.replace(config, latent_channels=24)
    with pytest.raises(ValueError, match=r"encoder_channels: .* multiple of 48 \(head_dim"):
        dataclasses.replace(config, head_dim=48)


@torch.no_grad()
def test_a_stream_remembers_as_much_after_a_thousand_frames_as_after_one() -> None:
    backbone = shipped("tiny/cnn/backbone.yaml").build()
    sizes, past = [], None
    for frames in (1, 4, 16, 4):
        _, past = backbone.encoder.stream(torch.zeros(1, 3, frames, 16, 32), past)
        kept = tree_leaves(past)
        sizes.append([t.untyped_storage().nbytes() for t in kept])
        assert sizes[-1] == [t.numel() * t.element_size() for t in kept]
    assert sizes.count(sizes[0]) == 4
