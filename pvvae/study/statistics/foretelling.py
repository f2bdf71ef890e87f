"""Which number of a VAE foretells the quality of samples, over the runs of any studies.

FVD has another level in every study, and in every seed another draw of the same denoiser. So runs
are compared at equal study and seed: in a *block*. Quality enters as its logarithm, in which
ratios are differences.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pvvae.study.statistics.correlation import (
    FEWEST,
    XY,
    Estimate,
    Floats,
    correlation,
    drawn,
    estimated,
    ranked,
)


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
    counts = drawn(len(blocks), seed)
    within, pooled = _differences(blocks), [(block.x, block.y) for block in blocks]
    slopes = _slopes_of_others(blocks)
    return Foretelling(
        runs=num,
        blocks=len(blocks),
        studies=len({block.study for block in blocks}),
        pearson=correlation(within, counts),
        spearman=correlation(ranked(within), counts),
        pooled_pearson=correlation(pooled, counts),
        pooled_spearman=correlation(ranked(pooled), counts),
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


def _share(parts: Sequence[tuple[float, float]], counts: Floats) -> Estimate:
    """First over second sum of the parts."""
    first, second = (counts @ np.array(parts, dtype=np.float64)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        values = first / second
    return estimated(values if len(parts) >= FEWEST else values[:1])


def _less(share: Estimate) -> Estimate:
    """One less a share."""
    ends = share.interval
    return Estimate(
        value=1.0 - share.value, interval=None if ends is None else (1.0 - ends[1], 1.0 - ends[0])
    )


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
