"""Segments that are computed twice, in a group of one; test_processes.py has groups of two."""

import pytest
import torch

from pvvae.engine import Engine, EngineConfig, recompute
from pvvae.engine.settings import OptimizerConfig
from pvvae.errors import ConfigError
from tests.pvvae.engine.stack import Stack
from tests.tiny import discriminator_config

OPTIMIZER = OptimizerConfig(lr=1e-2)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("stage", [0, 2, 3])
@pytest.mark.parametrize(
    ("level", "passes"), [("none", [1, 1, 1, 1]), ("half", [2, 1, 2, 1]), ("all", [2, 2, 2, 2])]
)
def test_the_chosen_segments_run_twice_and_the_step_is_the_same(stage, level, passes):
    network, plain = Stack(), Stack()
    sizes = {"precision": "fp32", "persistent_elements": 0, "bucket_elements": 100}
    config = EngineConfig(zero_stage=stage, activation_checkpointing=level, **sizes)
    engine = Engine(network, config=config, optimizer=OPTIMIZER, accumulation=1)
    other = Engine(
        plain,
        config=EngineConfig(zero_stage=stage, **sizes),
        optimizer=OPTIMIZER,
        accumulation=1,
    )
    x = torch.ones(2, 8)
    for each in (engine, other):
        each.backward(each(x).square().mean())
        each.step(lr=1e-2)
    assert network.passes() == passes
    found, expected = engine.weights(), other.weights()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_nothing_is_recomputed_without_gradients():
    network = Stack()
    recompute(network, "all")
    with torch.no_grad():
        network(torch.ones(2, 8))
    assert network.passes() == [1, 1, 1, 1]


def test_a_network_without_segments_is_named():
    with pytest.raises(ConfigError, match="activation_checkpointing: PatchGAN3D names no segments"):
        recompute(discriminator_config().build(), "all")
