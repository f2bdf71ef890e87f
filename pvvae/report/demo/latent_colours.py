"""Latents as pictures: their three principal components as red, green and blue."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from pvvae.data.video.video import Frames

EDGES = (2.0, 98.0)
"""Percentiles of a component that become 0 and 255. Ours: a few outliers would grey the rest."""


def in_colours(latents: NDArray[np.float32], *, stride: tuple[int, int]) -> Frames:
    """Latents (c, t, h, w) as frames (T, H, W, 3): colours that are alike are latents alike.

    Args:
        latents: of one clip; three channels at least.
        stride: frames of a group, but for the first, and pixels of a cell.
    """
    time, space = stride
    cells = latents.reshape(len(latents), -1).astype(np.float64)  # (c, t h w)
    centred = cells - cells.mean(axis=1, keepdims=True)
    axes = np.linalg.svd(centred @ centred.T)[0][:, :3]  # (c, 3), of the largest variance
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, range(3)])  # else the library decides the sign
    parts = axes.T @ centred  # (3, t h w)
    low, high = np.percentile(parts, EDGES, axis=1, keepdims=True)
    levels = ((parts - low) / np.maximum(high - low, 1e-12)).clip(0, 1) * 255
    picture = levels.round().astype(np.uint8).reshape(3, *latents.shape[1:])
    groups = picture.transpose(1, 2, 3, 0).repeat(space, axis=1).repeat(space, axis=2)
    return cast(Frames, np.concatenate([groups[:1], groups[1:].repeat(time, axis=0)]))
