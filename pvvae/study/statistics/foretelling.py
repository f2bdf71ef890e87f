"""Which number of a VAE foretells the quality of samples, over the runs of any studies.

FVD has another level in every study, and in every seed another draw of the same denoiser. So runs
are compared at equal study and seed: in a *block*. Quality enters as its logarithm, in which
ratios are differences.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pvvae import seeding

Floats = NDArray[np.float64]
XY = tuple[Floats, Floats]
RESAMPLES = 2000
"""Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: 1,000 or more."""
LEVEL = 0.95
"""Confidence level of the intervals."""
FEWEST = 3
"""Fewest runs, and blocks of an interval: two points always lie on a line."""


@dataclass(frozen=True, kw_only=True)
class ForetoldRun:
    """A finished run: what is known of its VAE, and how good its samples are."""

    study: str
    arm: str
    seed: int
    quality: float
    """FVD of samples: lower is better."""
    numbers: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic over runs (NaN where it has no value) and its 95% interval over blocks."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Foretelling:
    """What one number says of log FVD."""

    runs: int
    blocks: int
    studies: int
    pearson: Estimate
    """Correlation at equal study and seed: of differences from each block's mean."""
    spearman: Estimate
    """Correlation of the ranks of those differences; the interval keeps the ranks."""
    pooled_pearson: Estimate
    """Correlation over all runs, whatever their blocks: between studies much else differs."""
    pooled_spearman: Estimate
    """Correlation of ranks over all runs."""
    pairs: Estimate
    """Share of pairs in a block of which the number tells the better one, its direction being
    that of the other studies; 0.5 is guessing."""
    explained: Estimate
    """1 less the squared error within blocks over the variance there, foretold by the line of the
    other studies; at 0 nothing is foretold, below it the number misleads."""


@dataclass(frozen=True)
class _Block:
    """Runs of one study and seed: the number (n,) and log FVD (n,)."""

    study: str
    x: Floats
    y: Floats


def foretelling(runs: Sequence[ForetoldRun], name: str, *, seed: int = 0) -> Foretelling | None:
    """How well the number ``name`` foretells quality.

    Args:
        runs: of any studies; those without the number, or whose FVD is not above zero, do not
            count, nor does a run that is alone in its block.
        name: of the number.
        seed: of the bootstrap, which draws blocks.

    Returns:
        None with fewer than three such runs, or where the number is the same throughout each block.
    """
    blocks = _blocks(runs, name)
    num = sum(len(block.x) for block in blocks)
    if num < FEWEST or not any(np.ptp(block.x) > 0 for block in blocks):
        return None
    counts = _drawn(len(blocks), seed)
    within, pooled = _differences(blocks), [(block.x, block.y) for block in blocks]
    slopes = _slopes_of_others(blocks)
    return Foretelling(
        runs=num,
        blocks=len(blocks),
        studies=len({block.study for block in blocks}),
        pearson=_correlation(within, counts),
        spearman=_correlation(_ranked(within), counts),
        pooled_pearson=_correlation(pooled, counts),
        pooled_spearman=_correlation(_ranked(pooled), counts),
        pairs=_share([_pairs(block, slopes) for block in blocks], counts),
        explained=_less(_share([_errors(block, slopes) for block in blocks], counts)),
    )


def _blocks(runs: Sequence[ForetoldRun], name: str) -> list[_Block]:
    found: dict[tuple[str, int], list[ForetoldRun]] = defaultdict(list)
    for run in runs:
        if name in run.numbers and run.quality > 0:
            found[run.study, run.seed].append(run)
    return [
        _Block(
            study,
            np.array([run.numbers[name] for run in some]),
            np.log([run.quality for run in some]),
        )
        for (study, _), some in sorted(found.items())
        if len(some) > 1
    ]


def _differences(blocks: Sequence[_Block]) -> list[XY]:
    return [(block.x - block.x.mean(), block.y - block.y.mean()) for block in blocks]


def _ranked(parts: Sequence[XY]) -> list[XY]:
    """Both replaced by their ranks over all parts, equal values sharing theirs."""
    ends = np.cumsum([len(x) for x, _ in parts])[:-1]
    x, y = (
        np.split(rankdata(np.concatenate(each).round(12)), ends)
        for each in zip(*parts, strict=True)
    )
    return list(zip(x, y, strict=True))


def _drawn(num: int, seed: int) -> Floats:
    """How often each block is drawn (1 + RESAMPLES, num); in the first row once each."""
    draw = seeding.numpy_generator(seed, "foretelling")
    resampled = draw.multinomial(num, np.full(num, 1 / num), RESAMPLES)
    return np.concatenate([np.ones((1, num)), resampled])


def _correlation(parts: Sequence[XY], counts: Floats) -> Estimate:
    """Pearson's over the parts' runs, from sums that add up over parts."""
    middle = [np.concatenate(each).mean() for each in zip(*parts, strict=True)]
    centred = [(x - middle[0], y - middle[1]) for x, y in parts]
    sums = [(len(x), x.sum(), y.sum(), x @ x, x @ y, y @ y) for x, y in centred]
    n, x, y, xx, xy, yy = (counts @ np.array(sums)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return _estimate((xy - x * y / n) / np.sqrt((xx - x * x / n) * (yy - y * y / n)), counts)


def _share(parts: Sequence[tuple[float, float]], counts: Floats) -> Estimate:
    """First over second sum of the parts."""
    first, second = (counts @ np.array(parts, dtype=np.float64)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return _estimate(first / second, counts)


def _less(share: Estimate) -> Estimate:
    """One less a share."""
    ends = share.interval
    return Estimate(
        value=1.0 - share.value, interval=None if ends is None else (1.0 - ends[1], 1.0 - ends[0])
    )


def _estimate(values: Floats, counts: Floats) -> Estimate:
    """The value of the first row, and the interval of the rows below it."""
    value, drawn = float(values[0]), values[1:]
    if counts.shape[1] < FEWEST or not np.isfinite(value):
        return Estimate(value=value, interval=None)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value=value, interval=(float(low), float(high)))


def _slopes_of_others(blocks: Sequence[_Block]) -> dict[str, float]:
    """For each study the slope of log FVD over the number, of all other studies; or none."""
    slopes = {}
    for study in {block.study for block in blocks}:
        others = _differences([block for block in blocks if block.study != study])
        spread = sum(float(x @ x) for x, _ in others)
        if spread > 0:
            slopes[study] = sum(float(x @ y) for x, y in others) / spread
    return slopes


def _pairs(block: _Block, slopes: Mapping[str, float]) -> tuple[float, float]:
    """Pairs told rightly, and pairs, of a study that has others beside it."""
    if block.study not in slopes:
        return 0.0, 0.0
    one, other = np.triu_indices(len(block.x), 1)
    told = np.sign(slopes[block.study] * (block.x[one] - block.x[other]))
    signs = told * np.sign(block.y[one] - block.y[other])
    return float((signs > 0).sum()), float((signs != 0).sum())


def _errors(block: _Block, slopes: Mapping[str, float]) -> tuple[float, float]:
    """Squared error and variance within the block, summed over its runs."""
    if block.study not in slopes:
        return 0.0, 0.0
    ((x, y),) = _differences([block])
    return float(np.square(y - slopes[block.study] * x).sum()), float(y @ y)
