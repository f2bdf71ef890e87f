"""Whether a law says more than simpler ones: a constant, and a law without a floor.

Akaike's criterion, corrected for few runs (Hurvich and Tsai, 1989); the deviation of the noise is
one of the parameters that are counted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.study.statistics.observations import SizeSample
from pvvae.study.statistics.power_law import HIGHEST, LOWEST, Floats, PowerLaws
from pvvae.study.statistics.resampling import interval

FEWEST = 5
"""Ours: sizes below which three parameters follow every accident of the few there are."""
NO_FLOOR = 0.01
"""Ours: a floor below a hundredth of the lowest loss is none."""


def reasons(sample: SizeSample, law: PowerLaws, drawn: PowerLaws | None) -> tuple[str, ...]:
    """Everything that is wrong, in words; empty if nothing is.

    Args:
        sample: what was measured.
        law: of it.
        drawn: the same with runs drawn again, if there were enough.
    """
    found = []
    if len(sample.sizes) < FEWEST:
        found.append(f"{len(sample.sizes)} sizes, fewer than {FEWEST}")
    if law.scales[0] <= 0:
        found.append("the loss does not fall (A = 0)")
    else:
        found += _of_exponent(law, drawn)
        if law.floors[0] < NO_FLOOR * sample.middle.min():
            found.append("no floor shows (E ≈ 0)")
    rises = _rises(sample)
    if rises:
        found.append(f"the loss rises from {' and from '.join(rises)}")
    return tuple(found)


def _of_exponent(law: PowerLaws, drawn: PowerLaws | None) -> list[str]:
    if _at_edge(law.exponents).any():
        return [f"β = {law.exponents[0]:g} lies at the edge of what was looked at"]
    if drawn is not None and _at_edge(np.array(interval(drawn.exponents))).any():
        return ["the interval of β reaches the edge of what was looked at"]
    return []


def _at_edge(exponents: Floats) -> NDArray[np.bool_]:
    rounding = 1e-6  # a hundredth of what the roughest fit leaves of an exponent
    return (exponents < LOWEST + rounding) | (exponents > HIGHEST - rounding)


def _rises(sample: SizeSample) -> list[str]:
    """Steps to a larger size at which the loss rises by more than two standard errors."""
    means, counts = sample.middle, sample.counts
    spare = len(sample.losses) - len(means)
    squares = ((sample.losses / means[sample.where] - 1.0) ** 2).sum()
    variance = squares / spare if spare else 0.0  # of one seed a size nothing is known: any rise
    errors = np.sqrt(variance * (1.0 / counts[:-1] + 1.0 / counts[1:]))
    risen = np.flatnonzero(means[1:] > means[:-1] * (1.0 + 2.0 * errors))
    return [f"{sample.sizes[i]:,.0f} to {sample.sizes[i + 1]:,.0f}" for i in risen]


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


def against_rivals(sample: SizeSample, law: PowerLaws) -> Rivals:
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
