"""ZeRO adds up gradients by their place in a bucket: the places must agree."""

import pytest
import torch
from torch import nn

from pvvae.engine import Engine, EngineConfig
from pvvae.optimizer import OptimizerConfig
from tests.processes import run_group
from tests.pvvae.engine.other_order import norms_of_one_process


@pytest.mark.matrix
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_processes_may_compute_in_another_order(stage):
    for output in run_group(["-m", "tests.pvvae.engine.other_order", str(stage)], processes=2):
        norms = [float(line.split()[1]) for line in output.splitlines() if line[:4] == "norm"]
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
