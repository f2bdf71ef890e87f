"""Rolling out with a VAE that copies pixels and a denoiser that counts."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from pvvae.denoiser.rollout import check_window, roll_out
from pvvae.errors import ConfigError

GROUPS = 3


class Halved:
    """The scale of latents that are half of the pixels."""

    def normalize(self, z: Tensor) -> Tensor:
        return z / 2

    def denormalize(self, z: Tensor) -> Tensor:
        return 2 * z


class Last:
    """A VAE whose groups (1 frame, then 2 each) are the last of their frames, shown all along."""

    stride = SimpleNamespace(time=2)

    def encode(self, x: Tensor) -> SimpleNamespace:
        assert x.shape[2] % 2  # a window begins with a group of one frame
        return SimpleNamespace(mean=x[:, :, ::2])

    def decode(self, z: Tensor) -> Tensor:
        return torch.cat([z[:, :, :1], z[:, :, 1:].repeat_interleave(2, dim=2)], dim=2)


def count(known: Tensor | None, window: int) -> Tensor:
    """0, 0.01, 0.02 ... in normalised latents, whatever was before."""
    start = torch.zeros(1, 1, 1, 1, 1) if known is None else known
    steps = 0.01 * torch.arange(1, GROUPS - start.shape[2] + 1)
    return torch.cat([start, start[:, :, -1:] + steps.view(1, 1, -1, 1, 1)], dim=2)


@pytest.mark.parametrize("known", [1, 2])
@pytest.mark.parametrize("frames", [3, 5, 6, 9, 21])
def test_windows_join_into_one_video(known, frames):
    video = roll_out(Last(), Halved(), count, frames=frames, known=known)
    groups = (torch.arange(frames) + 1) // 2
    torch.testing.assert_close(video.flatten(), 0.02 * groups)


def test_a_video_begins_with_the_frames_that_are_given():
    first = torch.tensor([0.5, 0.6, 0.7]).view(1, 1, 3, 1, 1)
    windows = []

    def told(known: Tensor | None, window: int) -> Tensor:
        assert known is not None
        windows.append((window, known.flatten().tolist()))
        return count(known, window)

    video = roll_out(Last(), Halved(), told, frames=7, known=2, first=first)
    assert torch.equal(video[:, :, :3], first)
    assert [number for number, _ in windows] == [0, 1]
    assert windows[0][1] == pytest.approx([0.25, 0.35])
    assert windows[1][1] == pytest.approx([0.35, 0.36])
    torch.testing.assert_close(video.flatten()[3:], torch.tensor([0.72, 0.72, 0.74, 0.74]))


@pytest.mark.parametrize("known", [0, 3, -1])
def test_a_window_must_take_over_some_and_make_some(known):
    with pytest.raises(
        ConfigError, match=r"known: a window of 3 groups can go on from 1 to 2, got"
    ):
        check_window(known, groups=3)
