"""Rivals of a prediction, and which pixels of a clip move."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.flow import estimated_flow, speed
from pvvae.data.scenes.extrapolation import MOVES, extrapolated, moved_on, moving
from pvvae.data.video.video import Frames


@dataclass(frozen=True)
class Future:
    """A clip and what is known of its motion."""

    frames: Frames
    """(T, H, W, 3)."""
    moving: NDArray[np.bool_]
    """(T, H, W) what moved half a pixel or more since the frame before; nothing of the first."""
    extrapolated: Frames
    """(T, H, W, 3): after the observed frames, the last of them moved on at its own velocity."""

    def repeated(self, observed: int) -> Frames:
        """The clip with its last observed frame in place of those after it."""
        return repeated(self.frames, observed)


def repeated(frames: Frames, observed: int) -> Frames:
    """A clip with its last observed frame in place of those after it."""
    last = np.repeat(frames[observed - 1 : observed], len(frames) - observed, axis=0)
    return np.concatenate([frames[:observed], last])


def future_of(clips: AnalysedClips, number: int, *, observed: int) -> Future:
    """Clip ``number``, of which ``observed`` frames, two at least, are seen."""
    frames, scene = clips.frames(number), clips.scene(number)
    if scene is not None:
        return Future(frames, moving(scene), extrapolated(frames, scene, observed=observed))
    back = estimated_flow(frames[::-1])[::-1]  # of each frame to the one before
    moves = np.concatenate([np.zeros((1, *frames.shape[1:3]), np.bool_), speed(back) >= MOVES])
    velocity = -back[observed - 2].astype(np.float64)
    one_layer = np.zeros(frames.shape[1:3], np.uint8)
    later = [
        moved_on(frames[observed - 1], velocity * (k + 1), one_layer)[None]
        for k in range(len(frames) - observed)
    ]
    return Future(frames, moves, np.concatenate([frames[:observed], *later]))
