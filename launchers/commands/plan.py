"""``pvvae plan``: what a stage will need, before anything is allocated."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arch.ranges import Count, Range
from launchers.arguments import add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.planning.plan import Machines

EXAMPLE = """\
examples:
  pvvae plan configs/cnn/predictive.yaml
  pvvae plan configs/vit/predictive.yaml --nodes 1 --gpus 8 --device h200 engine.zero_stage=1
  pvvae plan configs/cnn/latte.yaml --json

Parameters, FLOPs, memory of a GPU by ZeRO stage, the largest batches that fit, hours, disk. Runs
the stage's own networks and losses on tensors without memory: no GPU is needed, no data, and no
earlier stage. What is assumed stands below the tables.
"""

FRACTION = 0.3
"""Share of peak FLOP/s. Ours, not measured: large Transformers train at 40 to 50% (PaLM, appendix
B: 46%), 3D convolutions with few channels and LPIPS in fp32 below that."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    plan = add_command(
        commands, "plan", help="print what a stage will need", more=EXAMPLE, run=_plan
    )
    plan.add_argument("config", type=Path, metavar="CONFIG", help="see pvvae configs")
    plan.add_argument("overrides", nargs="*", metavar="key.path=value")
    plan.add_argument("--nodes", type=number(Count), default=2, metavar="N", help="default: 2")
    plan.add_argument(
        "--gpus", type=number(Count), default=8, metavar="N", help="of a node; default: 8"
    )
    plan.add_argument(
        "--device", default="h800", metavar="NAME", help="h800 (default), h100, h200 or a100"
    )
    plan.add_argument(
        "--fraction",
        type=number(Annotated[float, Range(0.0, 1.0, above=True)]),
        metavar="F",
        help=f"of the device's peak that training reaches; default: {FRACTION}",
    )
    plan.add_argument("--json", action="store_true", help="print plain data")


def _plan(arguments: argparse.Namespace) -> int:
    import json

    machines = _machines(arguments)
    from pvvae.planning import table
    from pvvae.planning.plan import make_plan
    from pvvae.planning.stage import stage_of
    from stages import decoder_finetune, program

    _, config = program.load(arguments.config, arguments.overrides)
    freeze = isinstance(config, decoder_finetune.Config)
    stage = stage_of(config, freeze_encoder=freeze, processes=machines.processes)
    plan = make_plan(stage, machines)
    if arguments.json:
        print(json.dumps(table.data(plan), indent=1))
    else:
        own = arguments.fraction is not None
        print(table.text(plan, title=str(arguments.config), own_fraction=own))
    return 0


def _machines(arguments: argparse.Namespace) -> "Machines":
    fraction = FRACTION if arguments.fraction is None else arguments.fraction
    from pvvae.planning.plan import Machines
    from pvvae.training.monitoring.flops import device_named

    device = device_named(arguments.device)
    return Machines(nodes=arguments.nodes, gpus=arguments.gpus, device=device, fraction=fraction)
