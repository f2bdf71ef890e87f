"""Correlations, the line of all runs and its band equal those of scipy and numpy."""

import numpy as np
import pytest
from scipy import stats

from pvvae.study.statistics.correlation import relation


def cloud(num: int = 40) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    x = draw.normal(size=num)
    return x, 100.0 + 5.0 * x + draw.normal(size=num)


def test_correlations_and_the_line_are_those_of_scipy():
    x, y = cloud()
    found = relation(x, y)
    assert found is not None
    line = stats.linregress(x, y)
    assert found.pearson.value == pytest.approx(line.rvalue)
    assert found.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    assert found.line == pytest.approx(line.intercept + line.slope * found.places)


def test_chance_is_the_share_of_unrelated_normals_that_correlate_as_strongly():
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 3.0, 2.0])
    found = relation(x, y)
    assert found is not None
    # Of four runs a correlation of unrelated normals is uniform between -1 and 1.
    assert found.chance == pytest.approx(1.0 - abs(found.pearson.value))


def test_the_band_holds_the_line_and_is_narrowest_in_the_middle():
    found = relation(*cloud())
    assert found is not None
    low, high = found.band
    assert np.all(low < found.line) and np.all(found.line < high)
    width = high - low
    assert width.argmin() not in (0, len(width) - 1)


def test_runs_on_a_line_leave_nothing_open():
    x = np.arange(6.0)
    found = relation(x, 2.0 - 3.0 * x)
    assert found is not None
    assert found.pearson.value == pytest.approx(-1.0)
    assert found.pearson.interval == pytest.approx((-1.0, -1.0))
    assert found.band[0] == pytest.approx(found.band[1])


def test_too_few_runs_or_a_constant_have_none():
    assert relation([1.0, 2.0], [1.0, 2.0]) is None
    assert relation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    assert relation([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]) is None
