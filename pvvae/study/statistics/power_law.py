"""A loss that falls with size, L(D) = E + A (D / D0)^-β, fitted by variable projection.

For a given exponent the law is linear in floor E and scale A, neither of which may be negative: a
problem of least squares with a solution in closed form. What is left is a search over one number,
over a grid and then ever closer around its best point, so that there is nothing to start from and
no local minimum to end in (Golub and Pereyra, 1973; for scaling laws arXiv 2603.22339). Residuals
are relative: a loss is weighted by one over its mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 0.02, 1.2
"""Exponents that are looked at: below, a law is a logarithm or a constant; data laws of published
work lie between 0.05 and 1 (Hoffmann et al. 0.28; Besiroglu et al., arXiv 2404.10102, 0.37)."""
SPACING = 0.02
"""Ours: between exponents of the grid; the profile of six sizes is far wider."""
CLOSER = np.linspace(-1.0, 1.0, 9)
"""Grid of a round around its best exponent, in spacings: the next spacing is a quarter."""
EXACT, ROUGH = 14, 4
"""Rounds: to 1e-10 of an exponent for a fit, to 1e-4 for one of a thousand redrawn ones."""


@dataclass(frozen=True, kw_only=True)
class PowerLaws:
    """Any number of laws, each of the same sizes."""

    floors: Floats
    """E (B,), in the unit of the loss."""
    scales: Floats
    """A (B,), in the unit of the loss: what the smallest size has above the floor."""
    exponents: Floats
    """β (B,)."""
    smallest: float
    """D0."""

    def at(self, sizes: Floats) -> Floats:
        """Losses (B, n) at ``sizes`` (n,)."""
        powers = (sizes / self.smallest) ** -self.exponents[:, None]
        return self.floors[:, None] + self.scales[:, None] * powers


def fit(
    losses: Floats, *, sizes: Floats, weights: Floats, floor: bool = True, rounds: int = EXACT
) -> PowerLaws:
    """The law of every row of losses.

    Args:
        losses: (B, n), all positive.
        sizes: (n,), rising.
        weights: (n,), of squared residuals: number of runs over the squared mean loss.
        floor: whether the law may have one; without, E = 0.
        rounds: how often the grid is made closer.
    """
    logs = np.log(sizes / sizes[0])
    grid = np.linspace(LOWEST, HIGHEST, round((HIGHEST - LOWEST) / SPACING) + 1)
    tried = grid[None]
    spacing = SPACING
    for _ in range(rounds + 1):
        found = _project(losses, weights, np.exp(-tried[..., None] * logs), floor=floor)
        best = found[2].argmin(axis=1)[:, None]
        exponents = np.take_along_axis(np.broadcast_to(tried, found[2].shape), best, axis=1)
        tried = np.clip(exponents + spacing * CLOSER, LOWEST, HIGHEST)
        spacing /= 4
    floors, scales = (np.take_along_axis(values, best, axis=1)[:, 0] for values in found[:2])
    return PowerLaws(
        floors=floors, scales=scales, exponents=exponents[:, 0], smallest=float(sizes[0])
    )


def _project(
    losses: Floats, weights: Floats, powers: Floats, *, floor: bool
) -> tuple[Floats, Floats, Floats]:
    """The best E, A and weighted sum of squares, each (B, K), for powers (B or 1, K, n).

    Two unknowns that may not be negative: where the free solution has a negative one, that one is
    zero, as the way from there to any allowed point crosses its axis downhill.
    """
    weighted = weights * powers
    whole, line, square = weights.sum(), weighted.sum(-1), (weighted * powers).sum(-1)
    total = (losses @ weights)[:, None]
    product = (weighted @ losses[..., None])[..., 0]
    without = product / square
    if floor:
        slope = (product - line * total / whole) / (square - line**2 / whole)
        free = (total - slope * line) / whole
        floors = np.where(slope < 0, total / whole, np.maximum(free, 0.0))
        scales = np.where(slope < 0, 0.0, np.where(free < 0, without, slope))
    else:
        floors, scales = np.zeros_like(without), without
    left = losses[:, None] - floors[..., None] - scales[..., None] * powers  # (B, K, n)
    return floors, scales, left**2 @ weights
