"""A measure frame by frame: what a mean over a clip hides.

A causal video VAE encodes the first frame alone and later ones in groups. Seams between groups
flicker: every first frame of a group is then worse, or better, than those that follow it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError

GROUP = 4
"""Frames of a group: the paper's stride in time (section 3.1)."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Means over clips."""

    frames: list[float]
    """Mean of every frame, over the clips that have it."""
    worst: int
    """Which frame is worst on average, from 0."""
    first: float
    """Frame 0, a group of its own."""
    openings: float | None
    """Mean over the first frames of later groups: 1, 5, 9, ... in groups of 4. None without any."""
    others: float | None
    """Mean over all other frames but frame 0; None without any."""

    @property
    def jump(self) -> float | None:
        """By how much first frames of groups differ from the others: 0 where nothing flickers."""
        return None if self.openings is None or self.others is None else self.openings - self.others

    def plain(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "frames": self.frames,
            "worst_frame": self.worst,
            "first_frame": self.first,
            "first_of_groups": self.openings,
            "other_frames": self.others,
            "group_jump": self.jump,
        }


def curve_of(
    clips: Sequence[NDArray[np.float64]], *, group: int = GROUP, larger_is_better: bool
) -> Curve:
    """The curve of clips with one value a frame, of any lengths.

    Args:
        clips: (T,) each.
        group: frames of a group after the first frame.
        larger_is_better: as of PSNR and SSIM, not of LPIPS; says which frame is worst.

    Raises:
        ConfigError: if there are no frames, or groups of none.
    """
    if group < 1:
        raise ConfigError(f"a group must have 1 frame or more, got {group}")
    length = max((len(clip) for clip in clips), default=0)
    if length == 0:
        raise ConfigError("no frames were measured")
    columns = [[clip[i] for clip in clips if len(clip) > i] for i in range(length)]
    frames = [math.fsum(column) / len(column) for column in columns]
    openings = frames[1::group]
    others = [value for i, value in enumerate(frames) if i and (i - 1) % group]
    return Curve(
        frames=frames,
        worst=frames.index(min(frames) if larger_is_better else max(frames)),
        first=frames[0],
        openings=fmean(openings) if openings else None,
        others=fmean(others) if others else None,
    )
