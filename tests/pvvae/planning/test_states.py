"""Bytes for each parameter, as DeepSpeed 0.19.8 was seen to hold them in groups of four."""

import pytest

from pvvae.engine import EngineConfig
from pvvae.planning.states import Sizes, states

N = 4_000_000
SIZES = Sizes(trainable=N, frozen=0, small=0)


@pytest.mark.parametrize(
    ("zero", "precision", "seen"),
    [
        (0, "fp32", 16.0),
        (1, "fp32", 15.0),
        (1, "bf16", 11.0),
        (2, "fp32", 12.0),
        (2, "bf16", 8.0),
        (3, "fp32", 13.0),
        (3, "bf16", 8.5),
    ],
)
def test_bytes_of_a_parameter_towards_the_end_of_the_backward_pass(
    zero: int, precision: str, seen: float
) -> None:
    config = EngineConfig(zero_stage=zero, precision=precision)  # type: ignore[arg-type]
    assert states(SIZES, config, stage=zero, processes=4).total / N == pytest.approx(seen)


def test_frozen_parameters_are_weights_alone() -> None:
    config = EngineConfig(zero_stage=2)
    whole = states(SIZES, config, stage=2, processes=4)
    half = states(Sizes(trainable=N // 2, frozen=N // 2, small=0), config, stage=2, processes=4)
    assert half.weights == whole.weights
    assert half.optimizer == whole.optimizer // 2


@pytest.mark.parametrize("zero", [1, 2, 3])
def test_an_offloaded_optimizer_is_no_bytes_of_the_gpu(zero: int) -> None:
    here = states(SIZES, EngineConfig(ema_decay=0.9), stage=zero, processes=4)
    offloaded = EngineConfig(ema_decay=0.9, offload="optimizer")
    there = states(SIZES, offloaded, stage=zero, processes=4)
    assert there.optimizer == there.average == 0
    assert there.weights == here.weights
    assert there.host >= here.optimizer + here.average == 4 * N
    assert here.host == 0


def test_the_average_is_sharded_with_the_weights_it_averages() -> None:
    config = EngineConfig(zero_stage=1, ema_decay=0.9999)
    assert states(SIZES, config, stage=1, processes=4).average == N
    assert states(SIZES, config, stage=0, processes=4).average == 4 * N
