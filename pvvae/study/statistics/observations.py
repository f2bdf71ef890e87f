"""The runs that a scaling law is fitted to, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError
from pvvae.study.statistics.power_law import EXACT, Floats, Laws, fit

PARAMETERS = 3
"""Of a law: E, A, β."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One run."""

    size: float
    """Unique samples, or parameters."""
    seed: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Runs as arrays, sorted by size and seed."""

    sizes: Floats
    """(n,), rising."""
    where: NDArray[np.int64]
    """(N,): index of each run's size."""
    losses: Floats
    """(N,)."""

    @property
    def counts(self) -> Floats:
        """Number of runs of each size (n,)."""
        counts: Floats = np.bincount(self.where).astype(np.float64)
        return counts

    @property
    def middle(self) -> Floats:
        """Mean of each size (n,)."""
        middle: Floats = self.means(self.losses[None])[0]
        return middle

    @property
    def weights(self) -> Floats:
        """Of each size (n,): every run's relative residual counts once."""
        weights: Floats = self.counts / self.middle**2
        return weights

    def means(self, losses: Floats) -> Floats:
        """Losses (B, N) to means (B, n) over the runs of each size."""
        means: Floats = losses @ (np.eye(len(self.sizes))[self.where] / self.counts)
        return means

    def laws(self, losses: Floats, *, rounds: int = EXACT, floor: bool = True) -> Laws:
        """The law of every row (B, N), weighted as what was measured."""
        return fit(
            self.means(losses), sizes=self.sizes, weights=self.weights, floor=floor, rounds=rounds
        )

    def law(self, *, floor: bool = True) -> Laws:
        """The one law of what was measured."""
        return self.laws(self.losses[None], floor=floor)


def in_order(observations: Sequence[Observation]) -> list[Observation]:
    """By size, then by seed."""
    return sorted(observations, key=lambda run: (run.size, run.seed))


def sample_of(observations: Sequence[Observation]) -> Sample:
    """Runs as arrays.

    Raises:
        ConfigError: with fewer than three sizes, or a loss that is not positive.
    """
    ordered = in_order(observations)
    sizes, where = np.unique([run.size for run in ordered], return_inverse=True)
    losses = np.array([run.loss for run in ordered], dtype=np.float64)
    if len(sizes) < PARAMETERS:
        raise ConfigError(f"a scaling law needs at least {PARAMETERS} sizes, got {len(sizes)}")
    if not losses.min() > 0:
        raise ConfigError(f"a scaling law is of losses above zero, got {losses.min():g}")
    return Sample(sizes=sizes.astype(np.float64), where=where.astype(np.int64), losses=losses)
