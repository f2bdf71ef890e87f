"""Latents as pictures: their three principal components as red, green and blue (Figures 1c and 4).

The paper says "PCA visualizations" and no more. Public code (SpectrumMatching,
``latent_analysis.py``) fits one basis for each model on 64 images and stretches each image by its
own smallest and largest value; here limits belong to the basis, so that a colour means the same
latent in every picture that is painted with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
EDGES = (2.0, 98.0)
"""Percentiles of a component that become 0 and 255. Ours: a few outliers would grey the rest."""


@dataclass(frozen=True)
class ColourBasis:
    """Which direction of a latent space is which colour."""

    centre: NDArray[np.float64]
    """(c,) what all components are measured from."""
    axes: NDArray[np.float64]
    """(c, 3) directions of the largest variance, at right angles; zeros beyond c."""
    low: NDArray[np.float64]
    """(3,) value of each component that is shown as 0."""
    high: NDArray[np.float64]
    """(3,) value of each component that is shown as 255."""
    share: float
    """Part of the variance that the three components hold."""

    def paint(self, latents: NDArray[np.float32], *, stride: tuple[int, int] = (1, 1)) -> Pictures:
        """Latents (c, t, h, w) as frames (T, H, W, 3): colours that are alike are latents alike.

        Args:
            latents: of one clip, any number of groups and any size.
            stride: frames of a group, but for the first, and pixels of a cell.
        """
        time, space = stride
        parts = self.axes.T @ (_cells(latents) - self.centre[:, None])  # (3, t h w)
        span = np.maximum(self.high - self.low, 1e-12)[:, None]
        levels = ((parts - self.low[:, None]) / span).clip(0, 1) * 255
        picture = levels.round().astype(np.uint8).reshape(3, *latents.shape[1:])
        groups = picture.transpose(1, 2, 3, 0).repeat(space, axis=1).repeat(space, axis=2)
        frames: Pictures = np.concatenate([groups[:1], groups[1:].repeat(time, axis=0)])
        return frames


def colour_basis(clips: Sequence[NDArray[np.float32]]) -> ColourBasis:
    """The basis of all cells of some clips' latents (c, t, h, w), of any lengths and sizes.

    Clips of several runs share one basis where the runs have as many channels; where they do not,
    give each run its own. The sign of a component is that of its largest coefficient.
    """
    cells = np.concatenate([_cells(latents) for latents in clips], axis=1)  # (c, N)
    centre = cells.mean(axis=1)
    centred = cells - centre[:, None]
    found, variances, _ = np.linalg.svd(centred @ centred.T)
    axes = found[:, :3]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, range(axes.shape[1])])  # else the library decides the sign
    axes = np.pad(axes, ((0, 0), (0, 3 - axes.shape[1])))
    low, high = np.percentile(axes.T @ centred, EDGES, axis=1)
    whole = float(variances.sum())
    share = float(variances[:3].sum()) / whole if whole else 1.0
    return ColourBasis(centre=centre, axes=axes, low=low, high=high, share=share)


def _cells(latents: NDArray[np.float32]) -> NDArray[np.float64]:
    return latents.reshape(len(latents), -1).astype(np.float64)  # (c, t h w)
