"""Whether a cell of a latent is strong, or changes, where the video moves.

The paper shows it (section 4.3, Figure 4: "activation patterns strongly aligned with optical flow")
and puts no number on it; these are ours.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor


def motion_of_cells(speed: NDArray[np.float32], *, time: int, space: int) -> NDArray[np.float32]:
    """Mean speed (t - 1, h, w) of the pixels and frames that each cell of later groups covers.

    Args:
        speed: (T - 1, H, W) pixels that each pixel of frame k moves until frame k + 1.
        time: frames of a group; group g covers the moves into its frames.
        space: pixels of a cell.
    """
    moves, height, width = speed.shape
    cells = speed.reshape(moves // time, time, height // space, space, width // space, space)
    found: NDArray[np.float32] = cells.mean(axis=(1, 3, 5))
    return found


def motion_matches(z: Tensor, motion: Tensor) -> Mapping[str, float]:
    """Correlations over the cells of one clip's later groups with their motion.

    ``activation``: of the length of the normalised latent; ``change``: of the length of its change
    since the group before; each Pearson's and Spearman's. NaN where one of the two is constant.

    Args:
        z: (c, t, h, w), normalised channel by channel.
        motion: (t - 1, h, w) of :func:`motion_of_cells`.
    """
    z = z.double()
    strength = torch.linalg.vector_norm(z[:, 1:], dim=0)
    change = torch.linalg.vector_norm(z.diff(dim=1), dim=0)
    moves = motion.double().flatten().numpy()
    found = {}
    for name, values in (("activation", strength), ("change", change)):
        flat = values.flatten().cpu().numpy()
        found[f"{name}_pearson"] = _correlation(flat, moves)
        found[f"{name}_spearman"] = _correlation(rankdata(flat), rankdata(moves))
    return found


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale
