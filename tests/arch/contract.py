"""What every backbone must satisfy: plain functions of a tiny config, usable on a plugin's too.

Sizes are small multiples of the strides. Weights are moved off their start, so that branches
which begin as the identity take part.
"""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from arch.interface import Backbone, BackboneConfig, Posterior
from pvvae.engine import Recomputed, recompute
from pvvae.planning.storages import SavedActivations

EXACT = {"rtol": 1e-5, "atol": 1e-5}


Promise = Callable[[BackboneConfig], None]

CONTRACT: list[Promise] = []
"""Every promise of a backbone, for parametrising: a promise is in it by being declared."""


def promise(check: Promise) -> Promise:
    """Declare that every backbone holds to ``check``."""
    CONTRACT.append(check)
    return check


def awake(config: BackboneConfig) -> Backbone:
    """The backbone with every weight a little off its start."""
    torch.manual_seed(0)
    backbone = config.build()
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return backbone


def clip(
    backbone: Backbone, groups: int, *, cells: tuple[int, int] = (2, 2), batch: int = 1
) -> Tensor:
    """Random pixels of ``groups`` groups and ``cells`` latent cells."""
    frames = 1 + (groups - 1) * backbone.stride.time
    height, width = (backbone.stride.space * n for n in cells)
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, 3, frames, height, width, generator=generator) * 2 - 1


@torch.no_grad()
@promise
def shapes_follow_the_strides(config: BackboneConfig) -> None:
    backbone = awake(config)
    for groups, cells in ((1, (1, 2)), (2, (2, 1)), (5, (1, 2)), (5, (3, 1))):
        x = clip(backbone, groups, cells=cells)
        posterior = backbone.encode(x)
        expected = (1, config.latent_channels, groups, *cells)
        assert posterior.mean.shape == posterior.logvar.shape == expected
        assert backbone.decode(posterior.mean).shape == x.shape
    assert backbone.latent_channels == config.latent_channels


@torch.no_grad()
@promise
def a_prefix_encodes_to_the_prefix(config: BackboneConfig) -> None:
    """Exactly where the backbone claims to be causal, and not at all where it does not."""
    backbone = awake(config)
    x = clip(backbone, 4)
    whole = backbone.encode(x)
    seen = 1 + backbone.stride.time
    start = backbone.encode(x[:, :, :seen])
    if backbone.causal:
        torch.testing.assert_close(whole.mean[:, :, :2], start.mean, **EXACT)
        torch.testing.assert_close(whole.logvar[:, :, :2], start.logvar, **EXACT)
    else:
        assert not torch.allclose(whole.mean[:, :, :2], start.mean, **EXACT)


@torch.no_grad()
@promise
def chunks_make_the_whole(config: BackboneConfig) -> None:
    """Whatever the chunks, where the backbone claims to stream."""
    backbone = awake(config)
    if not backbone.streams:
        return
    x = clip(backbone, 5)
    z = backbone.encode(x).mean
    whole = Posterior.from_moments(backbone.encoder(x)), backbone.decode(z)
    for plan in ((1, 1, 1, 1, 1), (1, 2, 2), (1, 4), (5,), (2, 3)):
        moments, pixels, seen, known = [], [], None, None
        for at, groups in zip(itertools.accumulate((0, *plan[:-1])), plan, strict=True):
            start = frames_of(backbone, at)
            chunk = x[:, :, start : frames_of(backbone, at + groups)]
            out, seen = backbone.encoder.stream(chunk, seen)
            moments.append(out)
            out, known = backbone.decoder.stream(z[:, :, at : at + groups], known)
            pixels.append(out)
        posterior = Posterior.from_moments(torch.cat(moments, dim=2))
        torch.testing.assert_close(posterior.mean, whole[0].mean, **EXACT)
        torch.testing.assert_close(posterior.logvar, whole[0].logvar, **EXACT)
        torch.testing.assert_close(torch.cat(pixels, dim=2), whole[1], **EXACT)


def frames_of(backbone: Backbone, groups: int) -> int:
    """Frames in the first ``groups`` groups of a clip."""
    return 1 + (groups - 1) * backbone.stride.time if groups else 0


@promise
def a_chunk_ends_with_a_group(config: BackboneConfig) -> None:
    backbone = config.build()
    if not backbone.streams:
        return
    time, space = backbone.stride
    with pytest.raises(ValueError, match=f"the first chunk .* nearest: 1, {1 + time}$"):
        backbone.encoder.stream(torch.zeros(1, 3, time, space, space))
    _, past = backbone.encoder.stream(torch.zeros(1, 3, 1, space, space))
    with pytest.raises(ValueError, match=f"a later chunk .* nearest: {time}, {2 * time}$"):
        backbone.encoder.stream(torch.zeros(1, 3, time + 1, space, space), past)


@torch.no_grad()
@promise
def observed_groups_do_not_see_the_others(config: BackboneConfig) -> None:
    """Masking by ``observed`` gives what encoding the truncated clip gives, clip by clip."""
    backbone = awake(config)
    x = clip(backbone, 4, batch=3)
    posterior = backbone.encode(x, torch.tensor([1, 4, 3]))
    for index, groups in enumerate((1, 4, 3)):
        seen = 1 + (groups - 1) * backbone.stride.time
        alone = backbone.encode(x[index : index + 1, :, :seen])
        got = posterior.mean[index : index + 1, :, :groups]
        torch.testing.assert_close(got, alone.mean, **EXACT)
        got = posterior.logvar[index : index + 1, :, :groups]
        torch.testing.assert_close(got, alone.logvar, **EXACT)


@promise
def every_parameter_learns(config: BackboneConfig) -> None:
    """From an image as from a clip: ZeRO stops, or drifts, where a parameter has no gradient."""
    for groups in (1, 2):
        backbone = awake(config)
        posterior = backbone.encode(clip(backbone, groups))
        noise = torch.randn(posterior.mean.shape)
        backbone.decode(posterior.sample(noise)).square().mean().backward()
        idle = [
            name
            for name, parameter in backbone.named_parameters()
            if parameter.grad is None or not parameter.grad.abs().sum() > 0
        ]
        assert idle == []


@promise
def wrong_lengths_name_the_right_ones(config: BackboneConfig) -> None:
    backbone = config.build()
    time, space = backbone.stride
    with pytest.raises(ValueError, match=f"nearest valid lengths: {1 + time}, {1 + 2 * time}$"):
        backbone.encode(torch.zeros(1, 3, 2 * time, space, space))


@promise
def wrong_sizes_name_the_right_ones(config: BackboneConfig) -> None:
    backbone = config.build()
    space = backbone.stride.space
    message = (
        f"must be a multiple of {space}, got {space + 1}; nearest valid sizes: {space}, {2 * space}"
    )
    for what, size in (("height", (space + 1, space)), ("width", (space, space + 1))):
        with pytest.raises(ValueError, match=f"{what} {message}"):
            backbone.encode(torch.zeros(1, 3, 1, *size))


@promise
def evaluation_without_gradients_gives_the_same_numbers(config: BackboneConfig) -> None:
    backbone = awake(config).eval()
    for groups in (1, 3):
        x = clip(backbone, groups)
        posterior = backbone.encode(x)
        recon = backbone.decode(posterior.mean)
        with torch.no_grad():
            again = backbone.encode(x)
            torch.testing.assert_close(again.mean, posterior.mean, **EXACT)
            torch.testing.assert_close(again.logvar, posterior.logvar, **EXACT)
            torch.testing.assert_close(backbone.decode(posterior.mean), recon, **EXACT)


@promise
def the_head_is_last_and_linear(config: BackboneConfig) -> None:
    """Its output is the reconstruction, and is linear in its own parameters."""
    backbone = awake(config).requires_grad_(False)
    captured: list[Tensor] = []
    hook = backbone.head.register_forward_pre_hook(lambda _, inputs: captured.append(*inputs))
    z = backbone.encode(clip(backbone, 2)).mean
    recon = backbone.decode(z)
    hook.remove()
    assert len(captured) == 1
    torch.testing.assert_close(backbone.head(captured[0]), recon, rtol=0, atol=0)
    for parameter in backbone.head.parameters():
        parameter.mul_(3.0)
    torch.testing.assert_close(backbone.head(captured[0]), 3.0 * recon, **EXACT)


@promise
def freezing_the_encoder_leaves_decode_trainable(config: BackboneConfig) -> None:
    """``backbone.encoder`` and ``backbone.decoder`` hold every parameter and share none."""
    backbone = config.build()
    names = {name.partition(".")[0] for name, _ in backbone.named_parameters()}
    assert names == {"encoder", "decoder"}


@promise
def segments_lie_apart_and_spare_the_head(config: BackboneConfig) -> None:
    backbone = config.build()
    inside = [id(module) for segment in backbone.segments for module in segment.modules()]
    assert len(inside) == len(set(inside))
    assert not {id(module) for module in backbone.head.modules()} & set(inside)
    assert set(inside) <= {id(module) for module in backbone.modules()}


@promise
def recomputing_segments_changes_nothing(config: BackboneConfig) -> None:
    """Exactly, output and every gradient; less is kept, and the head runs once for each pass."""
    if not config.build().segments:
        return
    (plain, kept, _), *others = [_learned(config, level) for level in ("none", "half", "all")]
    for found, less, heads in others:
        assert all(torch.equal(a, b) for a, b in zip(found, plain, strict=True))
        assert less < kept
        assert heads == 2
        kept = less


def _learned(config: BackboneConfig, level: Recomputed) -> tuple[list[Tensor], int, int]:
    """Outputs and gradients from a clip and an image, bytes kept, and how often the head ran."""
    backbone = awake(config)
    recompute(backbone, level)
    heads: list[Tensor] = []
    backbone.head.register_forward_pre_hook(lambda _, inputs: heads.append(*inputs))
    saved = SavedActivations(backbone.parameters())
    values = []
    for groups in (3, 1):
        with saved.counting():
            posterior = backbone.encode(clip(backbone, groups, batch=2))
            recon = backbone.decode(posterior.sample(torch.ones_like(posterior.mean)))
        recon.square().mean().backward()
        values += [recon.detach(), posterior.mean.detach(), posterior.logvar.detach()]
    gradients = [p.grad for p in backbone.parameters() if p.grad is not None]
    return values + gradients, saved.bytes, len(heads)
