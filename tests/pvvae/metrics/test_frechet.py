import math

import numpy as np
import pytest
import scipy.linalg
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.frechet import frechet_distance, noise_floor
from pvvae.metrics.i3d import NUM_FEATURES


def _features(seed: int, num: int, width: int) -> torch.Tensor:
    """Correlated features, of a spread like I3D's: a few large directions and many small ones."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(width, width, generator=torch.Generator().manual_seed(9)) / width**0.5
    spread = torch.logspace(0.5, -1.5, width)
    return torch.randn(num, width, generator=generator) * spread @ mixing + 0.1 * seed


def _by_matrix_root(a: torch.Tensor, b: torch.Tensor) -> float:
    """The formula as written in the paper."""
    one, other = np.cov(a.double().numpy().T), np.cov(b.double().numpy().T)
    gap = (a.double().mean(0) - b.double().mean(0)).square().sum().item()
    return gap + np.trace(one + other - 2 * scipy.linalg.sqrtm(one @ other).real)


def test_it_is_the_formula_with_a_matrix_root():
    a, b = _features(0, 300, 40), _features(1, 200, 40)
    assert frechet_distance(a, b) == pytest.approx(_by_matrix_root(a, b), rel=1e-9)


def test_in_one_dimension_it_has_a_closed_form():
    a, b = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [7.0]])  # deviations sqrt 2, sqrt 18
    assert frechet_distance(a, b) == pytest.approx(3.0**2 + (math.sqrt(18) - math.sqrt(2)) ** 2)


@pytest.mark.parametrize("num", [16, 500])
def test_identical_sets_are_at_distance_zero(num):
    features = 3.0 * _features(0, num, NUM_FEATURES)
    assert frechet_distance(features, features) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(features, features.flip(0)) == pytest.approx(0.0, abs=1e-6)


def test_a_shift_alone_costs_its_square():
    features = _features(0, 32, NUM_FEATURES)
    assert frechet_distance(features, features + 0.5) == pytest.approx(
        NUM_FEATURES * 0.25, rel=1e-6
    )


def test_it_is_symmetric_with_fewer_clips_than_features():
    a, b = _features(0, 20, NUM_FEATURES), _features(1, 30, NUM_FEATURES)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)
    assert frechet_distance(a, b) > 0


def test_the_floor_depends_on_the_seed_alone():
    features = _features(0, 41, 40)
    assert noise_floor(features, seed=0) == noise_floor(features, seed=0)
    assert noise_floor(features, seed=0) != noise_floor(features, seed=1)


def test_one_clip_has_no_covariance():
    with pytest.raises(ConfigError, match="at least 2 clips in each set, got 1 and 5"):
        frechet_distance(torch.zeros(1, 4), torch.zeros(5, 4))
    with pytest.raises(ConfigError, match="equally wide, got 4 and 5"):
        frechet_distance(torch.zeros(3, 4), torch.zeros(3, 5))
