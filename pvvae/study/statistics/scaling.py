"""Whether a loss falls with size, by which law, how sure that is, and what it forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvvae.study.statistics.forecast import Forecast, forecast_largest
from pvvae.study.statistics.model_selection import Rivals, against_rivals, reasons
from pvvae.study.statistics.observations import Observation, SizeSample, in_order, sample_of
from pvvae.study.statistics.power_law import PowerLaws
from pvvae.study.statistics.resampling import (
    Interval,
    Intervals,
    ends,
    interval,
    intervals,
    redrawn,
    redrawn_by_seeds,
)

LINE = 41
"""Ours: points of a band, smooth on a page."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Everything that is said of one arm."""

    observations: tuple[Observation, ...]
    floor: float
    scale: float
    exponent: float
    smallest: float
    """D0."""
    intervals: Intervals | None
    """None with no more runs than parameters."""
    by_seeds: Intervals | None
    """From runs drawn again within each size; None where a size has one."""
    rivals: Rivals
    forecast: Forecast | None
    """None with fewer than four sizes."""
    degenerate: tuple[str, ...]
    """Why the parameters are not to be believed; empty if they are."""
    band: tuple[tuple[float, float, float], ...]
    """Size and 90% interval of the law, from the smallest size to the largest."""

    def at(self, size: float) -> float:
        """The law's loss."""
        return float(self.floor + self.scale * (size / self.smallest) ** -self.exponent)

    @property
    def sizes(self) -> tuple[float, ...]:
        """All, rising."""
        return tuple(sorted({run.size for run in self.observations}))


@dataclass(frozen=True, kw_only=True)
class ExponentDifference:
    """How much steeper one arm falls than another."""

    value: float
    interval: Interval | None
    """90%; None with too few runs."""
    pairs: int
    """Sizes and seeds that both arms have."""


def measure_scaling(observations: Sequence[Observation], *, seed: int = 0) -> Scaling:
    """Fit the law and everything that is said with it.

    Args:
        observations: one a run, of a loss (lower is better).
        seed: of the draws.

    Raises:
        ConfigError: with fewer than three sizes, or a loss that is not positive.
    """
    sample = sample_of(observations)
    law = sample.law()
    drawn = redrawn(sample, law, seed=seed)
    return Scaling(
        observations=tuple(in_order(observations)),
        floor=float(law.floors[0]),
        scale=float(law.scales[0]),
        exponent=float(law.exponents[0]),
        smallest=law.smallest,
        intervals=intervals(drawn),
        by_seeds=intervals(redrawn_by_seeds(sample, seed=seed)),
        rivals=against_rivals(sample, law),
        forecast=forecast_largest(observations, seed=seed),
        degenerate=reasons(sample, law, drawn),
        band=_band(sample, drawn),
    )


def difference_of_exponents(
    one: Sequence[Observation], other: Sequence[Observation], *, seed: int = 0
) -> ExponentDifference:
    """How much steeper ``other`` falls than ``one``.

    Of sizes and seeds that both have. The residuals of a pair are drawn together, so that what
    moves both alike does not count.

    Raises:
        ConfigError: if they share fewer than three sizes.
    """
    common = {(run.size, run.seed) for run in one} & {(run.size, run.seed) for run in other}
    samples = [sample_of([r for r in runs if (r.size, r.seed) in common]) for runs in (one, other)]
    laws = [sample.law() for sample in samples]
    drawn = [redrawn(s, law, seed=seed) for s, law in zip(samples, laws, strict=True)]
    before, after = drawn
    return ExponentDifference(
        value=float(laws[1].exponents[0] - laws[0].exponents[0]),
        interval=interval(after.exponents - before.exponents) if before and after else None,
        pairs=len(common),
    )


def _band(sample: SizeSample, drawn: PowerLaws | None) -> tuple[tuple[float, float, float], ...]:
    if drawn is None:
        return ()
    line = np.geomspace(sample.sizes[0], sample.sizes[-1], LINE)
    low, high = ends(drawn.at(line))
    return tuple(zip(line.tolist(), low.tolist(), high.tolist(), strict=True))
