"""How each pixel of a clip moves where no truth is known, and flow as pictures."""

from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pvvae.data.video.video import Frames

FlowKind = Literal["truth", "dis"]
Flow = NDArray[np.float32]
"""(T - 1, H, W, 2) x and y that each pixel of frame k moves by until frame k + 1."""
ESTIMATE = "DIS of OpenCV, preset medium (Kroeger et al. 2016), frames enlarged to 256"
TRUTH = "the scenes' own"
WIDE = 256
"""Pixels of the shorter side that frames are enlarged to, a whole number of times."""
SMALLEST = 16
"""Pixels below which a side has too few of DIS's patches of 8."""


def estimated_flow(frames: Frames) -> Flow:
    """Flow of a clip (T, H, W, 3) by Dense Inverse Search on its grey values.

    Frames are enlarged to ``WIDE`` first where they are smaller: the search ends at half of the
    size it is given, with patches of 8 pixels. On scenes of 64 x 64 its mean error is then 0.53 of
    the mean speed, and 0.78 without.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in np.ascontiguousarray(frames)]
    height, width = grey[0].shape
    times = max(1, -(-WIDE // min(height, width)))
    size = (width * times, height * times)
    grey = [cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in grey]
    found = []
    for one, other in pairwise(grey):
        guess = np.zeros((*one.shape, 2), np.float32)  # it would go on from what is passed
        moved = search.calc(one, other, guess)
        found.append(cv2.resize(moved, (width, height), interpolation=cv2.INTER_AREA) / times)
    return np.stack(found).astype(np.float32)


def speed(flow: Flow) -> NDArray[np.float32]:
    """(T - 1, H, W) pixels a frame."""
    found: NDArray[np.float32] = np.hypot(flow[..., 0], flow[..., 1])
    return found


def in_colours(flow: NDArray[np.float32], *, fastest: float) -> Frames:
    """Flow (..., H, W, 2) as pictures: hue is the direction, and white does not move.

    The usual wheel (Baker et al., "A database and evaluation methodology for optical flow", 2011),
    in HSV; ``fastest`` pixels a frame are of full colour.
    """
    x, y = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    hue = (np.arctan2(-y, -x) / (2 * np.pi) + 0.5) * 6
    strength = np.minimum(np.hypot(x, y) / max(fastest, 1e-9), 1.0)
    wheel = np.stack([np.abs(hue - 3) - 1, 2 - np.abs(hue - 2), 2 - np.abs(hue - 4)], axis=-1)
    colour = 1 - strength[..., None] * (1 - wheel.clip(0, 1))
    found: Frames = np.rint(colour * 255).astype(np.uint8)
    return found
