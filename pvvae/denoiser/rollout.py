"""Videos of any length: windows as long as clips in training, each going on from the one before.

A window is generated given its first groups (``rectified_flow.continuing``). They are the last
frames of what there is, encoded anew: so every window begins as clips in training did, with a group
of one frame, whatever the length of the video. The paper generates single clips; this is ours.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from arch.interface import Backbone
from pvvae.data.latent_scale import LatentScale
from pvvae.errors import ConfigError

Denoise = Callable[[Tensor | None, int], Tensor]
"""(known (B, c, k, h, w) or None, number of the window) -> (B, c, t, h, w), both normalised."""


def check_window(known: int, *, groups: int) -> None:
    """Refuse a window that takes over nothing, or leaves nothing to generate.

    Raises:
        ConfigError: in one line.
    """
    if not 0 < known < groups:
        raise ConfigError(
            f"known: a window of {groups} groups can go on from 1 to {groups - 1}, got {known}"
        )


def frames_of(groups: int, backbone: Backbone) -> int:
    """Number of frames in the first ``groups`` groups."""
    return 1 + (groups - 1) * backbone.stride.time


def roll_out(
    backbone: Backbone,
    latents: LatentScale,
    denoise: Denoise,
    *,
    frames: int,
    known: int,
    first: Tensor | None = None,
) -> Tensor:
    """A video (B, 3, frames, H, W), generated window by window.

    Args:
        backbone: decodes, and encodes what a window goes on from.
        latents: whose scale the denoiser knows.
        denoise: generates a window.
        frames: of the whole video.
        known: groups that a window takes over.
        first: frames (B, 3, T, H, W) that the video begins with, T those of ``known`` groups.
    """
    seen = frames_of(known, backbone)
    video = first
    window = 0
    while video is None or video.shape[2] < frames:
        given = None
        if video is not None:
            given = latents.normalize(backbone.encode(video[:, :, -seen:]).mean)
        made = backbone.decode(latents.denormalize(denoise(given, window))).clamp(-1.0, 1.0)
        video = made if video is None else torch.cat([video, made[:, :, seen:]], dim=2)
        window += 1
    return video[:, :, :frames]
