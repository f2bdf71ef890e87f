"""Whether a law says more than simpler ones: a constant, and a law without a floor.

Akaike's criterion, corrected for few runs (Hurvich and Tsai, 1989); the deviation of the noise is
one of the parameters that are counted.
"""

from dataclasses import dataclass

import numpy as np

from pvvae.study.statistics.observations import Sample
from pvvae.study.statistics.power_law import Laws

UNDECIDED = 2.0
"""A difference below it decides nothing (Burnham and Anderson, 2002, section 2.6)."""
ROUNDING = 1e-24
"""Squares of relative errors of 1e-12, which is what float64 leaves of runs without noise."""


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """Differences of AIC."""

    constant: float | None
    """AIC of a constant less that of the better of both laws: positive where the loss changes with
    size. None with too few runs to tell."""
    no_floor: float | None
    """AIC of the law without a floor less that of the law: positive where there is one."""


def against_rivals(sample: Sample, law: Laws) -> Rivals:
    """Hold a sample's law against the simpler ones."""
    means, weights = sample.middle, sample.weights
    average = (weights * means).sum() / weights.sum()
    rivals = (average, sample.law(floor=False).at(sample.sizes)[0], law.at(sample.sizes)[0])
    errors = [(weights * (means - expected) ** 2).sum() for expected in rivals]
    within = ((sample.losses / means[sample.where] - 1.0) ** 2).sum()
    constant, no_floor, whole = (
        _criterion(float(within + error), num=len(sample.losses), parameters=count)
        for count, error in enumerate(errors, start=2)
    )
    laws = [value for value in (no_floor, whole) if value is not None]
    return Rivals(
        constant=None if constant is None or not laws else constant - min(laws),
        no_floor=None if no_floor is None or whole is None else no_floor - whole,
    )


def _criterion(squares: float, *, num: int, parameters: int) -> float | None:
    spare = num - parameters - 1
    if spare <= 0:
        return None
    noise = num * float(np.log(max(squares / num, ROUNDING)))
    return noise + 2.0 * parameters * (1.0 + (parameters + 1.0) / spare)
