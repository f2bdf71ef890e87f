"""Whether near cells of a latent are alike and far ones are not: LDS and CDS.

Defined by iREPA (End2End-Diffusion/iREPA, issue 6) for 256 x 256 images. The mean of a frame's
cells is taken away first, else what all cells share makes every pair alike. Distances are pixels
of a frame whose shorter side is 256, whatever the frame's own size: that rule is ours.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

NEAR, FAR = 24.0, 96.0
"""Distances up to which cells are near and from which on they are far."""
RING = 16.0
"""Width of the rings between them."""
SHORT_SIDE = 256


@dataclass(frozen=True)
class NeighbourCosines:
    """NaN where a frame has too few cells for such pairs."""

    lds: Tensor
    """(N,) mean cosine of near pairs less that of far pairs: higher is more local."""
    cds: Tensor
    """(N,) minus the slope of the rings' mean cosine over distance, for 100 pixels."""


def neighbour_cosines(z: Tensor, *, stride: int, short_side: int) -> NeighbourCosines:
    """LDS and CDS of clips (N, c, t, h, w), mean over the groups of each.

    Args:
        z: normalised latents.
        stride: pixels of a cell.
        short_side: pixels of a frame's shorter side.
    """
    tokens = z.double().flatten(3).permute(0, 2, 3, 1)  # (N, t, h w, c)
    tokens = torch.nn.functional.normalize(tokens - tokens.mean(dim=2, keepdim=True), dim=-1)
    cosines = (tokens @ tokens.mT).mean(dim=1)  # (N, h w, h w)
    apart = _distances(z.shape[3], z.shape[4]) * (stride * SHORT_SIDE / short_side)
    pairs = ~torch.eye(len(apart), dtype=torch.bool)
    lds = _mean(cosines, (apart <= NEAR) & pairs) - _mean(cosines, apart >= FAR)
    edges = torch.arange(NEAR, FAR - RING + 1, RING)
    middles, means = [], []
    for edge in edges.tolist():
        inside = (apart >= edge) & (apart < edge + RING)
        if inside.any():
            middles.append(float(apart[inside].mean()))
            means.append(_mean(cosines, inside))
    if len(means) < 2:
        return NeighbourCosines(lds, torch.full_like(lds, torch.nan))
    at = torch.tensor(middles, dtype=torch.float64)
    weights = (at - at.mean()) / (at - at.mean()).square().sum()  # of least squares
    slope = (torch.stack(means, dim=1) * weights).sum(dim=1)
    return NeighbourCosines(lds, -100.0 * slope)


def _distances(rows: int, columns: int) -> Tensor:
    """(h w, h w) between middles, in cells."""
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    places = torch.stack([y.flatten(), x.flatten()], dim=1).double()
    return torch.cdist(places, places)


def _mean(cosines: Tensor, chosen: Tensor) -> Tensor:
    """(N,) over the chosen pairs; NaN without any."""
    return (cosines * chosen).sum(dim=(1, 2)) / chosen.sum()
