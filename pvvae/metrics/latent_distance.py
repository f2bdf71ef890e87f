"""Latent Temporal Distance: how far latents move as time passes (section 4.3, Figure 5c and d)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvvae.errors import ConfigError


def latent_distance(z: Tensor) -> Tensor:
    """Mean L2 distance between latents k groups apart: (N, c, t, h, w) -> (N, t - 1), k = 1..t - 1.

    The distance is that of the vectors of c channels at one cell, averaged over the cells and over
    all pairs (i, i + k). The paper says only "average L2 distance"; taken per cell it does not grow
    with the frame size. Its scale is the latents': compare models on latents normalised channel by
    channel, or by ``Distances.normalised``.

    Raises:
        ConfigError: if the clips have a single group, which has no interval.
    """
    if z.dim() != 5 or z.shape[2] < 2:
        raise ConfigError(f"latents must be (N, c, t, h, w) with t >= 2, got {tuple(z.shape)}")
    z = z.double()
    columns = []
    for interval in range(1, z.shape[2]):
        steps = z[:, :, interval:] - z[:, :, :-interval]  # (N, c, t - k, h, w)
        columns.append(torch.linalg.vector_norm(steps, dim=1).mean(dim=(1, 2, 3)))
    return torch.stack(columns, dim=1)


@dataclass(frozen=True, kw_only=True)
class Distances:
    """What ``LatentDistance`` found; lists are over intervals k = 1..t - 1."""

    raw: list[float]
    """LTD(k): mean over clips."""

    normalised: list[float]
    """LTD(k) / LTD(1), Figure 5d; NaN if nothing moved."""

    adjacent: NDArray[np.float64]
    """LTD(1) of every clip, whose histogram is Figure 5c."""

    adjacent_median: float
    """Median of ``adjacent``: lower is smoother."""

    num_clips: int


class LatentDistance:
    """LTD over many clips; the same bits under any split over batches."""

    def __init__(self) -> None:
        self.clips: list[NDArray[np.float64]] = []

    def update(self, z: Tensor) -> Tensor:
        """Measure latents (N, c, t, h, w) and return their distances (N, t - 1)."""
        values = latent_distance(z)
        self.add(values)
        return values

    def add(self, values: Tensor) -> None:
        """Take distances (N, t - 1) measured elsewhere, e.g. gathered from another process.

        Raises:
            ConfigError: if the clips have another length than those before, or if a distance is
                not finite.
        """
        rows = values.detach().double().cpu().numpy()
        if not np.isfinite(rows).all():
            raise ConfigError("latents must be finite, some distances are NaN or infinite")
        if self.clips and rows.shape[1] != len(self.clips[0]):
            raise ConfigError(
                f"clips have {rows.shape[1]} intervals, those before {len(self.clips[0])}"
            )
        self.clips.extend(rows)

    def compute(self) -> Distances:
        """Both curves of Figure 5.

        Raises:
            ConfigError: if there were no clips.
        """
        if not self.clips:
            raise ConfigError("no latents were measured")
        table = np.stack(self.clips)  # (N, t - 1)
        raw = [math.fsum(column) / len(table) for column in table.T]
        return Distances(
            raw=raw,
            normalised=[value / raw[0] if raw[0] else math.nan for value in raw],
            adjacent=table[:, 0],
            adjacent_median=float(np.median(table[:, 0])),
            num_clips=len(table),
        )
