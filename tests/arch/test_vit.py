"""The Transformer backbone at paper size (on the meta device) and in its parts."""

import dataclasses
from typing import Any

import pytest
import torch

from arch.vit import ViT
from tests.arch.contract import awake
from tests.arch.small_vit import shipped, small


@torch.no_grad()
def test_the_paper_size_has_1200_million_parameters() -> None:
    with torch.device("meta"):
        backbone = shipped("vit/backbone.yaml").build()
        mean = backbone.encode(torch.zeros(1, 3, 17, 256, 256)).mean
        assert mean.shape == (1, 64, 5, 16, 16)
        assert backbone.decode(mean).shape == (1, 3, 17, 256, 256)
    count = sum(p.numel() for p in backbone.parameters())
    assert abs(count / 1.2e9 - 1) < 0.025
    assert (*backbone.stride, backbone.latent_channels) == (4, 16, 64)


@torch.no_grad()
def test_a_fresh_network_decodes_a_latent_that_stands_still_as_frames_that_stand_still() -> None:
    """The frames of a group start equal, and the first frame is their mean."""
    torch.manual_seed(0)
    backbone = small().build()
    frames = backbone.decode(torch.randn(1, 32, 3, 2, 2))
    later = frames[:, :, 1:].unflatten(2, (2, 4))
    torch.testing.assert_close(later, later[:, :, :, :1].expand_as(later))


def test_images_teach_all_frames_of_a_patch_alike() -> None:
    """On the way in and on the way out: image pretraining leaves no weight behind."""
    backbone = awake(small())
    assert isinstance(backbone, ViT)
    backbone.decode(backbone.encode(torch.rand(1, 3, 1, 32, 32)).mean).square().sum().backward()
    into, out = backbone.encoder.embed.weight.grad, backbone.decoder.head.linear.weight.grad
    assert into is not None
    assert out is not None
    for taps in (into.unflatten(1, (4, -1)).movedim(1, 0), out.unflatten(0, (4, -1))):
        for tap in taps[1:]:
            torch.testing.assert_close(tap, taps[0])


@torch.no_grad()
def test_an_image_encodes_as_the_first_frame_of_a_causal_clip() -> None:
    backbone = awake(small(attention="block_causal"))
    x = torch.rand(1, 3, 9, 32, 32)
    clip, image = backbone.encode(x).mean, backbone.encode(x[:, :, :1]).mean
    torch.testing.assert_close(clip[:, :, :1], image, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_window_forgets_what_lies_before_it() -> None:
    """Two blocks with a window of 2 groups reach back 2 groups, and no further."""
    config = dataclasses.replace(small(attention="block_causal", window=2), encoder_blocks=2)
    backbone = awake(config)
    x = torch.rand(1, 3, 17, 32, 32)
    changed = x.clone()
    changed[:, :, 0] += 1.0
    same = torch.isclose(backbone.encode(x).mean, backbone.encode(changed).mean, atol=1e-6)
    assert [bool(group.all()) for group in same.unbind(2)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 5}, r"heads: must divide width \(32\), got 5"),
        ({"patch": (4, 16, 8)}, "patch: height and width must be equal"),
        ({"window": 2}, "window: needs attention: block_causal"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(small(), **changes)


@pytest.mark.parametrize("window", [None, 1, 2, 3])
@torch.no_grad()
def test_chunks_make_the_whole_within_any_window(window: int | None) -> None:
    backbone = awake(small(attention="block_causal", window=window))
    x = torch.rand(1, 3, 21, 32, 32) * 2 - 1
    whole, parts, past = backbone.encoder(x), [], None
    for chunk in x.split((1, 8, 4, 8), dim=2):
        out, past = backbone.encoder.stream(chunk, past)
        parts.append(out)
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_window_bounds_what_a_stream_remembers() -> None:
    backbone = awake(small(attention="block_causal", window=3))
    sizes, past = [], None
    for frames in (1, 4, 4, 4, 4):
        _, past = backbone.encoder.stream(torch.zeros(1, 3, frames, 16, 32), past)
        _, ((keys, values),) = past
        assert keys.shape == values.shape
        sizes.append(keys.shape[2] // 2)  # of 1 x 2 tokens a group
    assert sizes == [1, 2, 2, 2, 2]


def test_full_attention_does_not_stream() -> None:
    backbone = small().build()
    assert not backbone.streams
    with pytest.raises(ValueError, match=r"attention: full .* cannot stream; use block_causal"):
        backbone.encoder.stream(torch.zeros(1, 3, 5, 16, 16))
