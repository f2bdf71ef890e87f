"""ZeRO adds up gradients by their place in a bucket: the places must agree."""

import pytest
import torch
from torch import nn

from pvvae.engine import Engine, EngineConfig
from pvvae.engine.optimizer import OptimizerConfig
from tests.processes import run_group
from tests.pvvae.engine.other_order import WAYS, norms_of_one_process


@pytest.fixture(scope="module")
def printed() -> list[list[list[str]]]:
    """The words of the lines that each of the two processes printed."""
    outputs = run_group(["-m", "tests.pvvae.engine.other_order"], processes=2)
    return [[line.split() for line in output.splitlines()] for output in outputs]


@pytest.mark.matrix
@pytest.mark.parametrize("way", WAYS)
def test_processes_may_compute_in_another_order(printed, way):
    for words in printed:
        norms = [float(line[4]) for line in words if line[:4] == ["norm", *map(str, way)]]
        assert norms == pytest.approx(norms_of_one_process(), rel=1e-5)


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_parameter_without_part_in_the_loss_is_named(stage):
    network = nn.ModuleDict({"used": nn.Linear(4, 4), "idle": nn.Linear(4, 4)})
    network.forward = network["used"].forward
    config = EngineConfig(zero_stage=stage, precision="fp32")
    engine = Engine(network, config=config, optimizer=OptimizerConfig(lr=1e-2), accumulation=1)
    with pytest.raises(RuntimeError, match=r"2 trained parameters.*idle\.bias, idle\.weight"):
        engine.backward(engine(torch.ones(2, 4)).sum())
