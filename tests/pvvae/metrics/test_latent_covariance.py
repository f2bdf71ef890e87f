"""Factored covariance and VIV."""

import math
from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.latent_covariance import Batches, factored_covariance

T, H, W, C = 3, 2, 4, 5


def _factor(side: int, seed: int) -> Tensor:
    """A random covariance whose mean eigenvalue is 1."""
    draw = torch.Generator().manual_seed(seed)
    root = torch.randn(side, side + 2, generator=draw, dtype=torch.float64)
    found = root @ root.mT
    return found * side / found.trace()


FACTORS = (_factor(T, 1), _factor(H * W, 2), _factor(C, 3))


def _latents(clips: int, *, seed: int = 0, variance: float = 1.0) -> Tensor:
    """(N, c, t, h, w) Gaussian with these factors."""
    draw = torch.Generator().manual_seed(seed)
    white = torch.randn(clips, T, H * W, C, generator=draw, dtype=torch.float64)
    roots = [torch.linalg.cholesky(factor) for factor in FACTORS]
    z = torch.einsum("at,bs,dc,ntsc->nabd", *roots, white)
    return (z * math.sqrt(variance)).permute(0, 3, 1, 2).reshape(clips, C, T, H, W)


def _in_batches(z: Tensor, size: int) -> Batches:
    def batches() -> Iterable[Tensor]:
        return z.split(size)

    return batches


def _monte_carlo(eigenvalues: Tensor, *, draws: int) -> float:
    """Mean squared rest of the velocity x1 - x0 after its best guess from x_t, t uniform."""
    draw = torch.Generator().manual_seed(5)
    total = 0.0
    for _ in range(draws):
        shape = (4000, len(eigenvalues))
        x0, x1 = (torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(2))
        x1 = x1 * eigenvalues.sqrt()
        t = torch.rand(4000, 1, generator=draw, dtype=torch.float64)
        x_t, velocity = t * x1 + (1 - t) * x0, x1 - x0
        gain = (t * eigenvalues - (1 - t)) / (t**2 * eigenvalues + (1 - t) ** 2)
        total += float((velocity - gain * x_t).square().mean())
    return total / draws


def test_viv_is_what_monte_carlo_finds_within_a_percent() -> None:
    found = factored_covariance(_in_batches(_latents(3000, variance=0.7), 500))
    time, space, channels = (torch.linalg.eigvalsh(factor) for factor in FACTORS)
    truth = 0.7 * torch.einsum("t,s,c->tsc", time, space, channels).flatten()
    assert found.viv == pytest.approx(_monte_carlo(truth, draws=20), rel=0.01)
    assert found.viv == pytest.approx(math.pi / 2 * float(truth.sqrt().mean()), rel=0.01)
    assert found.by_size == pytest.approx(found.viv * math.sqrt(120))


def test_flip_flop_recovers_the_factors_and_the_variance() -> None:
    found = factored_covariance(_in_batches(_latents(3000, variance=2.0), 700))
    for mine, factor in zip((found.time, found.space, found.channels), FACTORS, strict=True):
        truth = torch.linalg.eigvalsh(factor).flip(0)
        torch.testing.assert_close(mine, truth, rtol=0.05, atol=0.01)
    assert found.variance == pytest.approx(2.0, rel=0.05)


def test_the_interval_holds_the_truth_and_narrows_with_clips() -> None:
    time, space, channels = (torch.linalg.eigvalsh(factor) for factor in FACTORS)
    truth = math.pi / 2 * math.prod(float(part.sqrt().mean()) for part in (time, space, channels))
    widths = []
    for clips in (60, 2000):
        found = factored_covariance(_in_batches(_latents(clips, seed=4), 100))
        assert found.interval is not None
        low, high = found.interval
        assert low < found.viv < high
        widths.append(high - low)
        if clips == 2000:
            assert low < truth < high
    assert widths[1] < widths[0] / 3


def test_neither_batches_nor_a_shift_of_all_clips_changes_anything() -> None:
    z = _latents(40)
    one, two = (factored_covariance(_in_batches(z + add, n)) for add, n in ((0.0, 40), (3.0, 7)))
    assert one.viv == pytest.approx(two.viv, rel=1e-9)
    assert one.clips == two.clips == 40


def test_white_latents_have_the_largest_viv_and_a_silent_channel_lowers_it() -> None:
    z = torch.randn(2000, C, T, H, W, generator=torch.Generator().manual_seed(0))
    white = factored_covariance(_in_batches(z, 500)).viv
    assert white == pytest.approx(math.pi / 2, rel=0.01)
    z[:, 0] = 0.0
    silent = factored_covariance(_in_batches(z, 500))
    assert silent.viv == pytest.approx(white * 4 / 5, rel=0.01)
    assert float(silent.channels[-1]) == pytest.approx(0.0, abs=1e-12)


def test_one_clip_has_no_covariance_and_two_no_interval() -> None:
    with pytest.raises(ConfigError, match="two clips or more, got 1"):
        factored_covariance(_in_batches(_latents(1), 1))
    assert factored_covariance(_in_batches(_latents(2), 1)).interval is None
