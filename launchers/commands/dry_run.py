"""``pvvae dry-run``: one process of many, without the others."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count
from launchers.arguments import add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
examples:
  pvvae dry-run configs/tiny/cnn/predictive.yaml data.slots=16 --processes 16
  pvvae dry-run configs/cnn/predictive.yaml --processes 16 engine.zero_stage=3

Is process 0 of a group whose other processes do not exist: builds the stage's engines, sharded
as they would be, and takes two steps on made-up clips. Needs no data, no earlier stage and no
GPU; where there is none, a step that would last minutes is not taken, and it says so. Prints
what this process holds and its part of the batch. What only shows among real processes, such as
a collective that not all of them call, does not show. `pvvae plan` counts memory and time.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    dry = add_command(
        commands, "dry-run", help="be one process of many, for two steps", more=EXAMPLE, run=_dry
    )
    dry.add_argument("config", type=Path, metavar="CONFIG", help="see pvvae configs")
    dry.add_argument("overrides", nargs="*", metavar="key.path=value")
    dry.add_argument("--processes", type=number(Count), default=16, metavar="N", help="default: 16")


def _dry(arguments: argparse.Namespace) -> int:
    import sys
    from contextlib import redirect_stdout
    from tempfile import TemporaryDirectory

    from pvvae.engine import pretend
    from pvvae.planning.dry_run import dry_run
    from pvvae.planning.stage import stage_of
    from pvvae.planning.table import dry_run_text
    from stages import decoder_finetune, program

    _, config = program.load(arguments.config, arguments.overrides)
    freeze = isinstance(config, decoder_finetune.Config)
    stage = stage_of(config, freeze_encoder=freeze, processes=arguments.processes)
    pretend(arguments.processes)
    # DeepSpeed prints as it builds; what is printed here is the table alone.
    with TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        found = dry_run(config, stage, freeze_encoder=freeze, folder=Path(folder))
    print(dry_run_text(found, title=str(arguments.config), processes=arguments.processes))
    return 0
