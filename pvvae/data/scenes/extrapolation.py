"""Which pixels of a scene move, and its future if everything only kept its present speed."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from pvvae.data.scenes.ground_truth import foremost
from pvvae.data.scenes.scene import Scene
from pvvae.data.video.video import Frames

MOVES = 0.5
"""Pixels a frame from which on something counts as moving. Ours: a slide is 1 to 3 of 64, and what
drifts by less than half a pixel is rather still."""
FILLED = 0.3
"""Ours: share of a pixel that must have come to it, or it is taken from its neighbours. A zoom by
1.35, the most that there is, leaves more than half."""


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
    """The first ``observed`` frames of a scene's clip (T, H, W, 3), then the last of them moved on.

    Everything keeps the velocity that it had there, before what was behind it; what then comes to
    light is filled with the background nearest to it. Two frames at least must be observed.
    """
    t = observed - 1
    velocity, owner = past_flow(scene, t), foremost(scene, scene.grid, t)
    later = [moved_on(clip[t], velocity * (k + 1), owner) for k in range(len(clip) - observed)]
    return np.concatenate([clip[:observed], *(frame[None] for frame in later)])


def moved_on(frame: Frames, shift: NDArray[np.float64], owner: NDArray[np.uint8]) -> Frames:
    """A frame (H, W, 3) each of whose pixels went on by its own ``shift`` (H, W, 2), x and y."""
    canvas, known = _splatted(frame, shift, owner == 0)
    _, nearest = distance_transform_edt(known < FILLED, return_indices=True)
    canvas = canvas[tuple(nearest)]
    for number in range(1, int(owner.max()) + 1):
        colour, weight = _splatted(frame, shift, owner == number)
        canvas += weight.clip(0, 1)[..., None] * (colour - canvas)
    return cast(Frames, np.rint(canvas).clip(0, 255).astype(np.uint8))


def _splatted(
    frame: Frames, shift: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The chosen pixels where they come to, each shared out to the four that it lies between.

    Returns:
        Colours (H, W, 3), 0 where none came, and how much came (H, W): 1 where nothing is enlarged.
    """
    rows, columns = np.nonzero(chosen)
    x, y = columns + shift[chosen, 0], rows + shift[chosen, 1]
    height, width = chosen.shape
    sums, weights = np.zeros((height, width, 3)), np.zeros((height, width))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + right
        share = (1 - np.abs(y - row)) * (1 - np.abs(x - column))
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        at = row[inside], column[inside]
        np.add.at(weights, at, share[inside])
        np.add.at(sums, at, share[inside, None] * frame[chosen][inside])
    return sums / np.maximum(weights, 1e-9)[..., None], weights
