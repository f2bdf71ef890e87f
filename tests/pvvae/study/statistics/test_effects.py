"""Paired effects: numbers known by hand, and intervals that cover what they say."""

import numpy as np
import pytest

from pvvae.metrics.intervals import mean_interval
from pvvae.study.statistics.effects import paired_effect, student_reach


def test_a_relative_effect_is_the_geometric_mean_of_ratios() -> None:
    effect = paired_effect({0: 50.0, 1: 80.0}, {0: 100.0, 1: 100.0}, relative=True)
    assert effect is not None
    assert effect.change == pytest.approx(0.4**0.5 - 1)
    assert effect.changes == pytest.approx((-0.5, -0.2))
    assert effect.agreeing == 2


def test_an_absolute_effect_is_the_mean_difference_with_students_interval() -> None:
    against = {0: 0.0, 1: 5.0, 2: -1.0}
    effect = paired_effect({0: 1.0, 1: 7.0, 2: 2.0}, against, relative=False)
    assert effect is not None
    assert effect.change == pytest.approx(2.0)
    reach = 4.302652729911275 / 3**0.5  # Student's 97.5% quantile of two degrees; deviation 1
    assert effect.interval == pytest.approx((2 - reach, 2 + reach))
    assert effect.seen is False
    assert effect.bootstrap == pytest.approx((1.0, 3.0))


def test_only_seeds_of_both_arms_are_paired() -> None:
    effect = paired_effect({0: 1.0, 2: 3.0, 5: 9.0}, {5: 8.0, 2: 1.0, 7: 0.0}, relative=False)
    assert effect is not None
    assert (effect.pairs, effect.changes) == ((2, 5), (2.0, 1.0))
    assert paired_effect({0: 1.0}, {1: 1.0}, relative=False) is None


def test_what_is_no_number_is_never_seen() -> None:
    effect = paired_effect({0: float("nan"), 1: 2.0}, {0: 1.0, 1: 1.0}, relative=False)
    assert effect is not None and effect.seen is False


def test_one_pair_has_no_interval_and_shows_nothing() -> None:
    effect = paired_effect({0: 1.0}, {0: 2.0}, relative=True)
    assert effect is not None
    assert (effect.change, effect.interval, effect.bootstrap) == (-0.5, None, None)
    assert effect.seen is False


def test_the_standardised_effect_is_corrected_for_few_pairs() -> None:
    effect = paired_effect({0: 1.0, 1: 2.0, 2: 3.0}, {0: 0.0, 1: 0.0, 2: 0.0}, relative=False)
    assert effect is not None
    # mean 2, deviation 1; Hedges' exact factor of two degrees is 1 / Γ(1/2)
    assert effect.standardised == pytest.approx(2 / np.pi**0.5)


def test_equal_changes_have_no_deviation_to_be_measured_in() -> None:
    effect = paired_effect({0: 2.0, 1: 4.0, 2: 6.0}, {0: 1.0, 1: 2.0, 2: 3.0}, relative=True)
    assert effect is not None
    assert effect.standardised is None
    assert effect.interval == pytest.approx((1.0, 1.0))
    assert effect.seen


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_students_interval_covers_95_per_cent_of_normal_studies(seeds: int) -> None:
    studies = np.random.default_rng(seeds).standard_normal((40_000, seeds))
    covered = (np.abs(studies.mean(axis=1)) <= student_reach(studies)).mean()
    assert covered == pytest.approx(0.95, abs=0.005)


def test_the_percentile_bootstrap_of_three_covers_only_three_quarters() -> None:
    values = np.array([0.3, -1.2, 2.0])
    assert mean_interval(values, seed=0) == pytest.approx((-1.2, 2.0))  # smallest to largest
    studies = np.random.default_rng(0).standard_normal((40_000, 3))
    covered = (studies.min(axis=1) <= 0) & (studies.max(axis=1) >= 0)
    assert covered.mean() == pytest.approx(0.75, abs=0.01)
