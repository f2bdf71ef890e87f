"""The distances were published for the original network: see FVD's own test, and its ports."""

import pytest
import torch
from torch.nn import functional as F

from pvvae.errors import ConfigError
from pvvae.metrics.frechet import frechet_distance
from pvvae.metrics.i3d import _max_pool, _same, preprocess


def _black_from_white(i3d, frames: int) -> float:
    """FVD of sets of black and of white clips; within a set all are the same."""
    black = torch.zeros(1, frames, 224, 224, 3, dtype=torch.uint8)
    return frechet_distance(i3d(black).expand(2, -1), i3d(255 - black).expand(2, -1))


@pytest.mark.parametrize(
    ("frames", "published"),
    # 30 frames: the original in TensorFlow. 16: these weights in an independent port on a CPU; a
    # TorchScript port on a GPU has 152.918. The others: the latter, within 0.1% of the original.
    [(30, pytest.approx(151.39244, abs=2e-3)), (16, pytest.approx(152.902, abs=2e-3))],
)
def test_black_and_white_clips_are_as_far_apart_as_published(i3d, frames, published):
    assert _black_from_white(i3d, frames) == published


@pytest.mark.parametrize(("frames", "published"), [(14, 172.855), (17, 357.740)])
def test_padding_is_right_at_lengths_that_do_not_divide(i3d, frames, published):
    assert _black_from_white(i3d, frames) == pytest.approx(published, rel=1e-3)


def test_features_do_not_depend_on_the_batch(i3d):
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (2, 9, 32, 48, 3), dtype=torch.uint8, generator=generator)
    alone = torch.cat([i3d(clip) for clip in clips.split(1)])
    torch.testing.assert_close(i3d(clips), alone, rtol=1e-4, atol=1e-4)


def test_there_is_nothing_to_train(i3d):
    assert list(i3d.parameters()) == []
    assert not i3d(torch.zeros(1, 9, 32, 32, 3, dtype=torch.uint8)).requires_grad


def test_frames_are_resized_whole_without_antialiasing():
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (1, 2, 320, 448, 3), dtype=torch.uint8, generator=generator)
    frames = clips[0].permute(0, 3, 1, 2).float() / 127.5 - 1.0
    expected = F.interpolate(frames, size=(224, 224), mode="bilinear", align_corners=False)
    torch.testing.assert_close(preprocess(clips)[0].transpose(0, 1), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        (torch.zeros(1, 8, 32, 32, 3, dtype=torch.uint8), "at least 9 frames, got 8"),
        (torch.zeros(1, 9, 32, 32, 3), "must be uint8"),
        (torch.zeros(1, 3, 9, 32, 32, dtype=torch.uint8), r"must be \(N, T, H, W, 3\)"),
    ],
)
def test_what_is_not_a_clip_is_refused(i3d, clips, message):
    with pytest.raises(ConfigError, match=message):
        i3d(clips)


@pytest.mark.parametrize(
    ("kernel", "stride"),
    [
        ((1, 3, 3), (1, 2, 2)),
        ((3, 3, 3), (2, 2, 2)),
        ((2, 2, 2), (2, 2, 2)),
        ((3, 3, 3), (1, 1, 1)),
    ],
)
@pytest.mark.parametrize("size", [(5, 14, 14), (1, 7, 7), (9, 9, 8)])
def test_maxima_are_those_of_pooling_in_three_dimensions(kernel, stride, size):
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last_3d)
    sides = zip(size, kernel, stride, strict=True)
    before = [_same(n, kernel=k, stride=s)[0] for n, k, s in sides]
    expected = F.max_pool3d(x, kernel, stride, padding=before, ceil_mode=True)
    assert torch.equal(_max_pool(x, kernel=kernel, stride=stride), expected)
