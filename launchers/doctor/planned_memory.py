"""Peak memory of a step on a GPU against the plan of the same stage."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from launchers.commands.plan import FRACTION
from launchers.doctor.figure import Figure
from pvvae.engine import pretend
from pvvae.errors import ConfigError
from pvvae.planning.dry_run import dry_run
from pvvae.planning.plan import Machines, make_plan
from pvvae.planning.stage import stage_of
from pvvae.training.monitoring.flops import DEVICES
from stages import program

CONFIG = Path("configs/vit/predictive.yaml")
MOST = 0.10
"""Share of the plan by which a step may differ. Ours: less than what fragments take."""


def planned_memory() -> Iterator[Figure]:
    """Two steps of the paper's vit with one slot, as process 0 of one.

    Raises:
        ConfigError: without a GPU, whose allocator counts.
    """
    if not torch.cuda.is_available():
        raise ConfigError("planned_memory: only a GPU's allocator counts its peak")
    _, config = program.load(CONFIG, ["data.slots=1"])
    stage = stage_of(config, freeze_encoder=False, processes=1)
    machines = Machines(nodes=1, gpus=1, device=DEVICES["h100"], fraction=FRACTION)
    plan = make_plan(stage, machines)
    pretend(1)
    torch.cuda.reset_peak_memory_stats()
    with TemporaryDirectory() as folder:
        dry_run(config, stage, freeze_encoder=False, folder=Path(folder))
    peak, planned = torch.cuda.max_memory_allocated(), plan.needed(plan.zero_stage, plan.level)
    yield Figure(name="peak of a step", value=peak / 2**30, unit="GiB")
    yield Figure(name="away from the plan by", value=abs(peak / planned - 1.0), most=MOST)
