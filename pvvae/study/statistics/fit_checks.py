"""Why the parameters of a fitted law are not to be believed."""

import numpy as np
from numpy.typing import NDArray

from pvvae.study.statistics.observations import Sample
from pvvae.study.statistics.power_law import HIGHEST, LOWEST, Floats, Laws
from pvvae.study.statistics.resampling import interval

FEWEST = 5
"""Ours: sizes below which three parameters follow every accident of the few there are."""
NO_FLOOR = 0.01
"""Ours: a floor below a hundredth of the lowest loss is none."""


def reasons(sample: Sample, law: Laws, drawn: Laws | None) -> tuple[str, ...]:
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


def _of_exponent(law: Laws, drawn: Laws | None) -> list[str]:
    if _at_edge(law.exponents).any():
        return [f"β = {law.exponents[0]:g} lies at the edge of what was looked at"]
    if drawn is not None and _at_edge(np.array(interval(drawn.exponents))).any():
        return ["the interval of β reaches the edge of what was looked at"]
    return []


def _at_edge(exponents: Floats) -> NDArray[np.bool_]:
    rounding = 1e-6  # a hundredth of what the roughest fit leaves of an exponent
    return (exponents < LOWEST + rounding) | (exponents > HIGHEST - rounding)


def _rises(sample: Sample) -> list[str]:
    """Steps to a larger size at which the loss rises by more than two standard errors."""
    means, counts = sample.middle, sample.counts
    spare = len(sample.losses) - len(means)
    squares = ((sample.losses / means[sample.where] - 1.0) ** 2).sum()
    variance = squares / spare if spare else 0.0  # of one seed a size nothing is known: any rise
    errors = np.sqrt(variance * (1.0 / counts[:-1] + 1.0 / counts[1:]))
    risen = np.flatnonzero(means[1:] > means[:-1] * (1.0 + 2.0 * errors))
    return [f"{sample.sizes[i]:,.0f} to {sample.sizes[i + 1]:,.0f}" for i in risen]
