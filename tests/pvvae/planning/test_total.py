"""A stage's FLOPs, without its memory, are those of its plan."""

from pathlib import Path

import pytest

from pvvae.planning.plan import Machines, make_plan
from pvvae.planning.stage import stage_of
from pvvae.planning.total import total_flops
from pvvae.training.monitoring.accelerators import device_named
from stages import program

TINY = Path(__file__).parents[3] / "configs/tiny"


@pytest.mark.parametrize("freeze", [False, True], ids=["whole", "decoder alone"])
def test_it_is_what_the_plan_says(freeze: bool) -> None:
    _, config = program.load(TINY / "cnn/predictive.yaml", ["steps=40"])
    machines = Machines(nodes=1, gpus=1, device=device_named("h800"), fraction=0.4)
    plan = make_plan(stage_of(config, freeze_encoder=freeze, processes=1), machines)
    assert total_flops(config, freeze_encoder=freeze) == 40 * plan.step.all_processes > 0
