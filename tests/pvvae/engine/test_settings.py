import pytest

from pvvae.engine.settings import OptimizerConfig


def test_cosine_goes_from_the_base_rate_to_a_tenth_after_a_linear_warmup():
    config = OptimizerConfig(lr=5e-5, warmup=10, final_ratio=0.1)
    rates = [config.rate(step, 110) for step in range(110)]
    assert rates[0] == pytest.approx(5e-6)
    assert rates[9] == rates[10] == pytest.approx(5e-5)
    assert rates[60] == pytest.approx(5e-5 * 0.55)
    assert config.rate(110, 110) == pytest.approx(5e-6)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_constant_stays():
    config = OptimizerConfig(lr=1e-4, schedule="constant", warmup=0)
    assert {config.rate(step, 10) for step in range(10)} == {1e-4}
