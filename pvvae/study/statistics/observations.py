"""The runs that a scaling law is fitted to, as arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError
from pvvae.study.cells import Condition
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.entries import Answer
from pvvae.study.statistics.power_law import EXACT, Floats, PowerLaws, fit

PARAMETERS = 3
"""Number of parameters of a law: E, A, β."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One run."""

    size: float
    """Unique samples, or parameters."""
    seed: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class SizeSample:
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
        """Weight of each size (n,): every run's relative residual counts once."""
        weights: Floats = self.counts / self.middle**2
        return weights

    def means(self, losses: Floats) -> Floats:
        """Losses (B, N) to means (B, n) over the runs of each size."""
        means: Floats = losses @ (np.eye(len(self.sizes))[self.where] / self.counts)
        return means

    def laws(self, losses: Floats, *, rounds: int = EXACT, floor: bool = True) -> PowerLaws:
        """The law of every row (B, N), weighted as what was measured."""
        return fit(
            self.means(losses), sizes=self.sizes, weights=self.weights, floor=floor, rounds=rounds
        )

    def law(self, *, floor: bool = True) -> PowerLaws:
        """The one law of what was measured."""
        return self.laws(self.losses[None], floor=floor)


def in_order(observations: Sequence[Observation]) -> list[Observation]:
    """By size, then by seed."""
    return sorted(observations, key=lambda run: (run.size, run.seed))


def sample_of(observations: Sequence[Observation]) -> SizeSample:
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
        raise ConfigError(f"a scaling law needs losses above zero, got {losses.min():g}")
    return SizeSample(sizes=sizes.astype(np.float64), where=where.astype(np.int64), losses=losses)


SIZE_NAMES = {"unique_samples": "unique samples", "parameters": "parameters"}
"""What sizes are called in sentences and on axes."""
WHOLE = "all"
"""Name of the one curve where no factor tells several apart."""


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """How often what was learned from was seen, by size."""

    size: float
    steps: tuple[float, float]
    """Fewest and most."""
    epochs: tuple[float, float]


def size_of(outcome: Outcome, x: str) -> float | None:
    """The number of samples, or of parameters, that a run stands at."""
    size = outcome.data.get(x, outcome.costs.get(x))
    return None if size is None or not size > 0 else size


def size_name(x: str) -> str:
    """In words."""
    return SIZE_NAMES.get(x, x.replace("_", " "))


def grouped(cells: Sequence[Condition], answer: Answer) -> Mapping[str, tuple[Observation, ...]]:
    """Observations by value of the answer's factor, of sound outcomes with a size and a value.

    One factor more than that sets sizes; a study of others is refused when it is read.
    """
    groups: dict[str, list[Observation]] = {}
    for cell in cells:
        name = cell.arm.get(answer.by, WHOLE)
        for outcome in cell.sound:
            size, loss = size_of(outcome, answer.x), outcome.values.get(answer.y, math.nan)
            if size is not None and math.isfinite(loss):
                found = Observation(size=size, seed=outcome.seed, loss=loss)
                groups.setdefault(name, []).append(found)
    return {name: tuple(found) for name, found in groups.items()}


def repetitions(cells: Sequence[Condition], x: str) -> list[Repetition]:
    """Steps and epochs of every size, where runs say so: repeated data is not more data."""
    found: dict[float, list[Outcome]] = {}
    for cell in cells:
        for outcome in cell.sound:
            size = size_of(outcome, x)
            if size is not None and {"steps", "epochs"} <= outcome.data.keys():
                found.setdefault(size, []).append(outcome)
    return [
        Repetition(
            size=size,
            steps=_ends([outcome.data["steps"] for outcome in outcomes]),
            epochs=_ends([outcome.data["epochs"] for outcome in outcomes]),
        )
        for size, outcomes in sorted(found.items())
    ]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)
