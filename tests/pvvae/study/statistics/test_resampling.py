"""Intervals of laws: 90% ones cover the truth nine times in ten."""

import numpy as np
import pytest

from pvvae.study.statistics.observations import sample_of
from pvvae.study.statistics.resampling import intervals, redrawn, redrawn_by_seeds
from tests.pvvae.study.simulated import EXPONENT, FLOOR, SCALE, runs

STUDIES = 400
"""A coverage of 90% is then known to 1.5 points."""
DRAWS = 250


@pytest.fixture(scope="module")
def covered() -> np.ndarray:
    """Of each simulated study (STUDIES, 3): whether each interval holds E, A, β."""
    truth = (FLOOR, SCALE, EXPONENT)
    rows = []
    for number in range(STUDIES):
        sample = sample_of(runs(noise=0.02, number=number))
        found = intervals(redrawn(sample, sample.law(), seed=number, num=DRAWS))
        assert found is not None
        ends = (found.floor, found.scale, found.exponent)
        rows.append([low <= true <= high for (low, high), true in zip(ends, truth, strict=True)])
    return np.array(rows)


def test_ninety_per_cent_intervals_cover_the_true_law_in_85_to_95_per_cent_of_studies(
    covered: np.ndarray,
) -> None:
    shares = covered.mean(axis=0)
    assert ((shares >= 0.85) & (shares <= 0.95)).all(), shares


def test_with_no_more_runs_than_parameters_there_is_no_interval() -> None:
    sample = sample_of(runs(sizes=(1.0, 2.0, 4.0), seeds=1))
    assert redrawn(sample, sample.law(), seed=0) is None


def test_one_seed_a_size_cannot_be_drawn_again_within_sizes() -> None:
    assert redrawn_by_seeds(sample_of(runs(noise=0.02, seeds=1)), seed=0) is None


def test_runs_drawn_again_within_sizes_agree_with_residuals_where_the_law_holds() -> None:
    sample = sample_of(runs(noise=0.02, seeds=20))
    by_law = intervals(redrawn(sample, sample.law(), seed=0))
    by_seeds = intervals(redrawn_by_seeds(sample, seed=0))
    assert by_law is not None and by_seeds is not None
    width = by_law.exponent[1] - by_law.exponent[0]
    assert by_seeds.exponent == pytest.approx(by_law.exponent, abs=0.2 * width)


def test_intervals_of_runs_without_noise_have_no_width() -> None:
    sample = sample_of(runs())
    found = intervals(redrawn(sample, sample.law(), seed=0))
    assert found is not None
    assert found.exponent == pytest.approx((EXPONENT, EXPONENT), abs=1e-4)
