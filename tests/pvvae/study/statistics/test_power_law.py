"""The fit itself: exact where there is no noise, and never below zero."""

import numpy as np
import pytest
from scipy.optimize import nnls

from pvvae.study.statistics.power_law import HIGHEST, LOWEST, fit
from tests.pvvae.study.simulated import SIZES

X = np.array(SIZES)


@pytest.mark.parametrize(
    ("floor", "scale", "exponent"), [(1.0, 1.0, 0.4), (0.02, 3.0, 0.1), (5.0, 0.1, 1.1)]
)
def test_a_law_without_noise_is_found_exactly(floor: float, scale: float, exponent: float) -> None:
    losses = floor + scale * (X / X[0]) ** -exponent
    law = fit(losses[None], sizes=X, weights=1 / losses**2)
    found = [law.floors[0], law.scales[0], law.exponents[0]]
    np.testing.assert_allclose(found, [floor, scale, exponent], rtol=1e-6)
    np.testing.assert_allclose(law.at(X)[0], losses, rtol=1e-9)


def test_at_each_exponent_floor_and_scale_are_those_of_non_negative_least_squares() -> None:
    random = np.random.default_rng(0)
    losses = 1 + random.random((200, len(X)))  # many rise, so that both bounds are met
    weights = random.random(len(X)) + 0.5
    laws = fit(losses, sizes=X, weights=weights)
    for row, floor, scale, exponent in zip(
        losses, laws.floors, laws.scales, laws.exponents, strict=True
    ):
        root = np.sqrt(weights)
        design = np.stack([np.ones_like(X), (X / X[0]) ** -exponent], axis=1)
        expected, _ = nnls(design * root[:, None], row * root)
        np.testing.assert_allclose([floor, scale], expected, rtol=1e-6, atol=1e-9)
    assert (laws.scales == 0).any() and (laws.floors == 0).any()


def test_no_exponent_of_a_finer_grid_fits_better() -> None:
    random = np.random.default_rng(1)
    losses = (1 + (X / X[0]) ** -0.3) * (1 + 0.05 * random.standard_normal((20, len(X))))
    weights = np.ones_like(X)
    laws = fit(losses, sizes=X, weights=weights)
    found = ((losses - laws.at(X)) ** 2).sum(axis=1)
    for exponent in np.linspace(LOWEST, HIGHEST, 150):
        design = np.stack([np.ones_like(X), (X / X[0]) ** -exponent], axis=1)
        errors = np.array([nnls(design, row)[1] ** 2 for row in losses])
        assert (found <= errors + 1e-12).all()


def test_without_a_floor_the_law_is_a_straight_line_in_logarithms() -> None:
    losses = 2.0 * (X / X[0]) ** -0.7
    law = fit(losses[None], sizes=X, weights=1 / losses**2, floor=False)
    assert law.floors[0] == 0
    np.testing.assert_allclose([law.scales[0], law.exponents[0]], [2.0, 0.7], rtol=1e-6)
