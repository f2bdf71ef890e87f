import numpy as np
import pytest
import torch

from pvvae.metrics.bootstrap import mean_interval


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
