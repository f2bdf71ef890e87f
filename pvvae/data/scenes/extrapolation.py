"""Which pixels of a scene move, and its future if everything only kept its present speed."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from pvvae.data.scenes.ground_truth import foremost
from pvvae.data.scenes.scene import Scene
from pvvae.data.video.video import Frames

MOVES = 0.5
"""Pixels a frame from which on something counts as moving. Ours: a slide is 1 to 3 of 64, and what
drifts by less than half a pixel is rather still."""
ROUNDS = 4
"""Ours: of the fixed point below; scenes are piecewise smooth, and it settles in two or three."""


def past_flow(scene: Scene, t: int) -> NDArray[np.float64]:
    """(H, W, 2) x and y by which what a pixel shows in frame ``t`` moved since the frame before.

    Known from the past alone, and exact: a rival of predictions that need not estimate anything.
    """
    grid, moved = scene.grid, np.empty_like(scene.grid)
    owner = foremost(scene, grid, t)
    for number, layer in enumerate(scene.layers):
        mine = owner == number
        moved[mine] = grid[mine] - layer.move(grid[mine], t, t - 1)
    return np.stack([moved.real, moved.imag], axis=-1) * scene.settings.short_side


def moving(scene: Scene) -> NDArray[np.bool_]:
    """(T, H, W) what moved since the frame before; nothing of the first frame."""
    frames = range(1, scene.settings.frames)
    fast = [np.hypot(*np.moveaxis(past_flow(scene, t), -1, 0)) >= MOVES for t in frames]
    return np.stack([np.zeros(scene.grid.shape, np.bool_), *fast])


def extrapolated(clip: Frames, scene: Scene, *, observed: int) -> Frames:
    """The first ``observed`` frames of a scene's clip (T, H, W, 3), then the last of them warped.

    Everything keeps the velocity that it had there. Two frames at least must be observed.
    """
    velocity, last = past_flow(scene, observed - 1), clip[observed - 1]
    later = [_warped(last, velocity * (k + 1)) for k in range(len(clip) - observed)]
    return np.concatenate([clip[:observed], *(frame[None] for frame in later)])


def _warped(frame: Frames, shift: NDArray[np.float64]) -> Frames:
    """A frame (H, W, 3) each of whose pixels went on by its own ``shift`` (H, W, 2).

    A pixel shows what comes to it: the fixed point of "there, less the shift that is found here".
    """
    rows, columns = np.indices(frame.shape[:2]).astype(np.float64)
    at = [rows, columns]
    for _ in range(ROUNDS):
        x, y = (_sampled(shift[..., axis], at) for axis in (0, 1))
        at = [rows - y, columns - x]
    channels = [_sampled(frame[..., c].astype(np.float64), at) for c in range(frame.shape[2])]
    return cast(Frames, np.rint(np.stack(channels, axis=-1)).clip(0, 255).astype(np.uint8))


def _sampled(values: NDArray[np.float64], at: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Bilinear, and beyond the edge what is at the edge."""
    found: NDArray[np.float64] = map_coordinates(values, at, order=1, mode="nearest")
    return found
