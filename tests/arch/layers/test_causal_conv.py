"""Identities of the causal convolution that the rest of the backbone is built on."""

import pytest
import torch
import torch.nn.functional as F

from arch.layers.causal_conv import CausalConv3d, CausalUpsampleConv3d, repeat_first
from arch.layers.streaming import Stream

STRIDES = ((1, 1, 1), (1, 2, 2), (2, 2, 2))


def clip(frames: int, *, channels: int = 3) -> torch.Tensor:
    return torch.randn(2, channels, frames, 6, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("stride", STRIDES)
def test_a_prefix_gives_the_prefix(stride: tuple[int, int, int]) -> None:
    conv = CausalConv3d(3, 5, stride=stride)
    whole, start = conv(clip(9)), conv(clip(9)[:, :, :5])
    assert whole.shape[2] == 1 + 8 // stride[0]
    torch.testing.assert_close(whole[:, :, : start.shape[2]], start)


CHUNKS = ((1, 2, 2, 4), (3, 6), (1, 8), (9,))


@pytest.mark.parametrize("plan", CHUNKS)
@pytest.mark.parametrize("stride", STRIDES)
def test_chunks_make_the_whole(stride: tuple[int, int, int], plan: tuple[int, ...]) -> None:
    conv = CausalConv3d(3, 5, stride=stride)
    torch.testing.assert_close(in_chunks(conv, clip(9), plan), conv(clip(9)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("plan", [*CHUNKS, (1, 1, 1, 6), (2, 1, 6)])
@pytest.mark.parametrize("time", [True, False])
def test_upsampled_chunks_make_the_whole(time: bool, plan: tuple[int, ...]) -> None:
    up = CausalUpsampleConv3d(3, 5, time=time)
    torch.testing.assert_close(in_chunks(up, clip(9), plan), up(clip(9)), rtol=1e-4, atol=1e-5)


def in_chunks(layer: Stream, x: torch.Tensor, plan: tuple[int, ...]) -> torch.Tensor:
    parts, past = [], None
    for chunk in x.split(plan, dim=2):
        out, past = layer.stream(chunk, past)
        parts.append(out)
    return torch.cat(parts, dim=2)


def test_what_is_kept_of_a_chunk_is_a_copy() -> None:
    x = clip(9)
    for layer in (CausalConv3d(3, 5), CausalUpsampleConv3d(3, 5, time=True)):
        _, (kept,) = layer.stream(x, None)
        assert kept.untyped_storage().nbytes() == kept.numel() * kept.element_size()
        assert torch.equal(kept, x[:, :, 9 - kept.shape[2] :])


@pytest.mark.parametrize("stride", STRIDES)
def test_on_one_frame_it_is_a_2d_convolution_with_summed_taps(stride: tuple[int, int, int]) -> None:
    conv = CausalConv3d(3, 5, stride=stride)
    frame = clip(1)
    flat = F.conv2d(frame[:, :, 0], conv.weight.sum(2), conv.bias, stride[1:], padding=1)
    torch.testing.assert_close(conv(frame), flat[:, :, None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("time", [True, False])
@pytest.mark.parametrize("frames", [1, 4])
def test_upsampling_is_nearest_doubling_less_the_first_frame_then_a_convolution(
    time: bool, frames: int
) -> None:
    up = CausalUpsampleConv3d(3, 5, time=time)
    x = clip(frames)
    doubled = x.repeat_interleave(2, dim=3).repeat_interleave(2, dim=4)
    doubled = doubled.repeat_interleave(2, dim=2)[:, :, 1:] if time else doubled
    expected = F.conv3d(repeat_first(doubled, 2), up.weight, up.bias, padding=(0, 1, 1))
    torch.testing.assert_close(up(x), expected, rtol=1e-4, atol=1e-5)


def test_all_temporal_taps_learn_the_same_from_an_image() -> None:
    conv = CausalConv3d(3, 5)
    conv(clip(1)).square().sum().backward()
    assert conv.weight.grad is not None
    taps = conv.weight.grad.unbind(2)
    torch.testing.assert_close(taps[0], taps[2])
    torch.testing.assert_close(taps[1], taps[2])


def test_padding_in_time_keeps_channels_last() -> None:
    x = clip(4).contiguous(memory_format=torch.channels_last_3d)
    assert repeat_first(x, 2).is_contiguous(memory_format=torch.channels_last_3d)
