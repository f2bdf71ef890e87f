"""Positions and times as sines and cosines."""

import torch
from torch import Tensor

MAX_PERIOD = 10000.0
"""Longest wavelength over 2 pi (Vaswani et al. 2017)."""


def sinusoids(positions: Tensor, *, width: int) -> Tensor:
    """(..., n) positions -> (..., n, width) float32: all sines first, then all cosines.

    Angles reach 1000, where float32 leaves the fourth digit of a cosine to chance: so in float64.
    """
    half = width // 2
    exponents = torch.arange(half, device=positions.device, dtype=torch.float64) / half
    angles = positions.double().unsqueeze(-1) * MAX_PERIOD**-exponents
    return torch.cat([angles.sin(), angles.cos()], dim=-1).float()


def plane_positions(h: int, w: int, *, width: int, device: torch.device) -> Tensor:
    """(h * w, width): the column's sinusoids in the first half, the row's in the second (MAE)."""
    rows, columns = torch.meshgrid(
        torch.arange(h, device=device), torch.arange(w, device=device), indexing="ij"
    )
    halves = [sinusoids(axis.flatten(), width=width // 2) for axis in (columns, rows)]
    return torch.cat(halves, dim=-1)
