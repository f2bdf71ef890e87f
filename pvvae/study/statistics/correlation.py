"""Correlation, of values or of ranks, with intervals over whatever parts the runs come in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, rankdata

from pvvae import seeding

Floats = NDArray[np.float64]
XY = tuple[Floats, Floats]
RESAMPLES = 2000
"""Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: 1,000 or more."""
LEVEL = 0.95
"""Confidence level of the intervals."""
FEWEST = 3
"""Fewest runs, and parts of an interval: two points always lie on a line."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic over runs (NaN where it has no value) and its 95% interval over blocks."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Two measures of the same runs."""

    runs: int
    pearson: Estimate
    spearman: Estimate
    chance: float
    """How often unrelated normal measures of as many runs correlate as strongly (Student's t)."""
    slope: float
    intercept: float
    band: tuple[Floats, Floats]
    """95% of the lines of runs drawn again, at ``places``: lower and upper ends (m,)."""
    places: Floats
    """(m,) from the least to the greatest x."""

    @property
    def line(self) -> Floats:
        """The line at ``places`` (m,)."""
        return self.intercept + self.slope * self.places


def relation(x: Sequence[float], y: Sequence[float], *, seed: int = 0) -> Relation | None:
    """How y (n,) goes with x (n,); None with fewer than three runs or where one is constant.

    Intervals are of runs drawn again, each by itself.
    """
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(across) < FEWEST or not np.ptp(across) or not np.ptp(up):
        return None
    parts = [(across[n : n + 1], up[n : n + 1]) for n in range(len(across))]
    counts = drawn(len(parts), seed)
    places = np.linspace(across.min(), across.max(), 32)
    slopes, intercepts = _lines(across, up, counts)
    known = np.isfinite(slopes[1:])
    lines = intercepts[1:][known, None] + slopes[1:][known, None] * places
    low, high = np.quantile(lines, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Relation(
        runs=len(parts),
        pearson=correlation(parts, counts),
        spearman=correlation(ranked(parts), counts),
        chance=float(pearsonr(across, up).pvalue),
        slope=float(slopes[0]),
        intercept=float(intercepts[0]),
        band=(low, high),
        places=places,
    )


def _lines(x: Floats, y: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Least squares of the runs as often as each is drawn: slopes and intercepts, a draw each."""
    n = counts.sum(axis=1)
    middle, level = counts @ x / n, counts @ y / n
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = (counts @ (x * y) / n - middle * level) / (counts @ (x * x) / n - middle**2)
    return slopes, level - slopes * middle


def correlation(parts: Sequence[XY], counts: Floats) -> Estimate:
    """Pearson's correlation over the runs of all parts, and its interval over parts.

    Args:
        parts: x (n,) and y (n,) of each.
        counts: how often each part is drawn (1 + RESAMPLES, parts), as ``drawn`` gives it.
    """
    middle = [np.concatenate(each).mean() for each in zip(*parts, strict=True)]
    centred = [(x - middle[0], y - middle[1]) for x, y in parts]
    sums = [(len(x), x.sum(), y.sum(), x @ x, x @ y, y @ y) for x, y in centred]
    n, x, y, xx, xy, yy = (counts @ np.array(sums)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (xy - x * y / n) / np.sqrt((xx - x * x / n) * (yy - y * y / n))
    return estimated(values if len(parts) >= FEWEST else values[:1])


def ranked(parts: Sequence[XY]) -> list[XY]:
    """Both replaced by their ranks over all parts, equal values sharing theirs."""
    ends = np.cumsum([len(x) for x, _ in parts])[:-1]
    x, y = (
        np.split(rankdata(np.concatenate(each).round(12)), ends)
        for each in zip(*parts, strict=True)
    )
    return list(zip(x, y, strict=True))


def drawn(num: int, seed: int) -> Floats:
    """How often each part is drawn (1 + RESAMPLES, num); in the first row once each."""
    draw = seeding.numpy_generator(seed, "correlation")
    resampled = draw.multinomial(num, np.full(num, 1 / num), RESAMPLES)
    return np.concatenate([np.ones((1, num)), resampled])


def estimated(values: Floats) -> Estimate:
    """The first value, and the interval of those after it, where there are any."""
    value, rest = float(values[0]), values[1:]
    if not len(rest) or not np.isfinite(value):
        return Estimate(value=value, interval=None)
    low, high = np.quantile(rest[np.isfinite(rest)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value=value, interval=(float(low), float(high)))
