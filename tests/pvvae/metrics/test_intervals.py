import statistics

import numpy as np
import pytest
import torch

from pvvae.metrics.frechet import frechet_distance
from pvvae.metrics.fvd import kernel_distance
from pvvae.metrics.intervals import jackknife_interval, mean_interval


def test_the_same_values_in_any_order_give_the_same_bits():
    values = np.random.default_rng(0).normal(size=50)
    assert mean_interval(values, seed=0) == mean_interval(torch.tensor(values[::-1].copy()), seed=0)
    assert mean_interval(values, seed=0) != mean_interval(values, seed=1)


def test_it_is_that_of_the_normal_distribution_for_many_values():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=1000)
    low, high = mean_interval(values, seed=0) or (0.0, 0.0)
    error = values.std() / 1000**0.5
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_alike_values_leave_no_doubt_and_one_value_no_answer():
    assert mean_interval([2.0, 2.0, 2.0], seed=0) == (2.0, 2.0)
    assert mean_interval([2.0], seed=0) is None


def _mean(rows: torch.Tensor) -> float:
    return float(rows.mean())


def test_of_a_mean_it_is_students():
    rows = torch.randn(20, 1, generator=torch.Generator().manual_seed(0)).double()
    low, high = jackknife_interval(_mean(rows), _mean, rows, seed=0) or (0.0, 0.0)
    reach = 2.093024 * float(rows.std()) / 20**0.5  # t of 19 degrees of freedom, as tables have it
    assert low == pytest.approx(_mean(rows) - reach, rel=1e-6)
    assert high == pytest.approx(_mean(rows) + reach, rel=1e-6)


def test_pairs_stay_together():
    rows = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    paired = jackknife_interval(0.0, frechet_distance, rows, rows + 1.0, paired=True, seed=0)
    assert paired == pytest.approx((0.0, 0.0), abs=1e-6)
    apart = jackknife_interval(0.0, frechet_distance, rows, rows + 1.0, seed=0)
    assert apart is not None and apart[1] > 0.1


def test_it_depends_on_the_seed_alone():
    rows = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    found = [jackknife_interval(0.0, _mean, rows, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_it_covers_what_the_statistic_is_on_average(distance):
    """Of 100 Gaussian clips in 4 dimensions: 95% should; chance leaves 4.6 points in 200 draws."""
    generator = torch.Generator().manual_seed(0)
    sets = [
        (torch.randn(100, 4, generator=generator), 1.3 * torch.randn(100, 4, generator=generator))
        for _ in range(200)
    ]
    values = [distance(real, generated) for real, generated in sets]
    expected = statistics.fmean(values)
    intervals = [
        jackknife_interval(value, distance, *pair, seed=number)
        for number, (value, pair) in enumerate(zip(values, sets, strict=True))
    ]
    covered = sum(low <= expected <= high for low, high in filter(None, intervals))
    assert 0.904 <= covered / 200 <= 0.996


def test_two_clips_are_too_few():
    assert jackknife_interval(0.0, _mean, torch.zeros(2, 1), seed=0) is None
