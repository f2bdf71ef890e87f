import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel

from pvvae.errors import ConfigError
from pvvae.metrics.kvd import kernel_distance


def _pair(num: int, other: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(num, width, generator=generator),
        torch.randn(other, width, generator=generator) + 0.5,
    )


def test_it_is_the_sum_over_pairs():
    real, generated = _pair(5, 7, 6)

    def kernel(x, y):
        return (float(x.double() @ y.double()) / 6 + 1.0) ** 3

    def mean(pairs):
        values = [kernel(x, y) for x, y in pairs]
        return sum(values) / len(values)

    def others(rows):
        return [(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]

    expected = (
        mean(others(real))
        + mean(others(generated))
        - 2 * mean([(x, y) for x in real for y in generated])
    )
    assert kernel_distance(real, generated) == pytest.approx(expected, rel=1e-12)


def test_it_is_what_the_kernel_of_scikit_learn_gives():
    real, generated = _pair(40, 60, 400)
    within = [polynomial_kernel(x.double().numpy(), gamma=1 / 400) for x in (real, generated)]
    pairs = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
    across = polynomial_kernel(real.double().numpy(), generated.double().numpy(), gamma=1 / 400)
    expected = pairs - 2 * across.mean()
    assert kernel_distance(real, generated) == pytest.approx(expected, rel=1e-12)


def test_it_has_no_bias_between_equal_distributions():
    generator = torch.Generator().manual_seed(1)
    distances = [
        kernel_distance(*torch.randn(2, 20, 8, generator=generator).unbind(0)) for _ in range(400)
    ]
    mean, error = torch.tensor(distances).mean(), torch.tensor(distances).std() / 400**0.5
    assert abs(mean) < 3 * error
    assert min(distances) < 0 < max(distances)


def test_one_clip_has_no_pair():
    with pytest.raises(ConfigError, match="at least 2 clips"):
        kernel_distance(torch.zeros(1, 4), torch.zeros(5, 4))
