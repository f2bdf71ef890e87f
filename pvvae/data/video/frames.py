"""Geometry and cuts of uint8 frames."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pvvae.data.video.video import Frames

CUT_DIFFERENCE = 12.0
"""Least mean |change| of luminance (0..255, at 48 x 27) that can be a hard cut. With CUT_RATIO this
finds all 110 cuts that TransNetV2 (at 0.5) finds in 5,993 frames of the packages' videos, and 26
more, which are flashes and whips of the camera: the price of missing none is a few clips."""

CUT_RATIO = 3.0
"""How far a cut stands out from the median change of its neighbours; a fast pan does not."""

_NEIGHBOURS = 3  # on either side; ours: a shot of the test videos lasts longer


def resize_short_side(frame: Frames, short_side: int) -> Frames:
    """One frame (H, W, 3) with its shorter side at ``short_side``, antialiased.

    Pillow's bicubic, the resize of evaluation protocols; integer arithmetic, so that equal videos
    give equal bytes on any machine.
    """
    return resize_to_cover(frame, height=short_side, width=short_side)


def resize_to_cover(frame: Frames, *, height: int, width: int) -> Frames:
    """One frame (H, W, 3) at the least size that covers (height, width), its aspect kept.

    For a square, the shorter side's; resampled as :func:`resize_short_side` does.
    """
    rows, columns = frame.shape[:2]
    scale = max(height / rows, width / columns)
    size = (max(round(columns * scale), width), max(round(rows * scale), height))
    if size == (columns, rows):
        return frame
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))


def crop_resize(
    clip: Frames, *, box: tuple[float, float, float, float], height: int, width: int
) -> Frames:
    """The part ``box`` = (left, top, right, bottom) of a clip (T, H, W, 3), at (height, width)."""
    out = np.empty((len(clip), height, width, 3), np.uint8)
    left, top, right, bottom = (round(edge) for edge in box)
    if (bottom - top, right - left) == (height, width):  # nothing to resample: exact pixels
        out[:] = clip[:, top:bottom, left:right]
        return out
    for frame, target in zip(clip, out, strict=True):
        image = Image.fromarray(frame)
        target[:] = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box=box))
    return out


def hard_cuts(frames: Iterable[Frames]) -> tuple[list[int], int]:
    """Indices of the frames that begin a new shot, frame 0 not among them; and how many frames."""
    previous: NDArray[np.float32] | None = None
    changes: list[float] = []
    for frame in frames:
        small = Image.fromarray(frame).convert("L").resize((48, 27), Image.Resampling.BOX)
        now = np.asarray(small, np.float32)
        changes.append(0.0 if previous is None else float(np.abs(now - previous).mean()))
        previous = now
    cuts = []
    for i in range(1, len(changes)):
        around = changes[max(1, i - _NEIGHBOURS) : i] + changes[i + 1 : i + 1 + _NEIGHBOURS]
        usual = float(np.median(around)) if around else 0.0
        if changes[i] > max(CUT_DIFFERENCE, CUT_RATIO * usual):
            cuts.append(i)
    return cuts, len(changes)
