"""``pvvae train``: one stage, from its config."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count
from launchers.arguments import GOES_ON, add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from launchers.machines.command import StageCommand

EXAMPLE = """\
examples:
  pvvae train configs/tiny/cnn/predictive.yaml --processes 2
  pvvae train configs/cnn/predictive.yaml --hostfile hosts run=runs/mine optimizer.lr=1e-4
  pvvae train configs/cnn/predictive.yaml --dry

Words of the form key.path=value change the config; values are YAML. A run that was
interrupted goes on when the same command is given again, and says so when it is finished.
A hostfile has one line for each machine: its name and slots=N, its number of processes.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    train = add_command(
        commands,
        "train",
        help="run one stage from its config",
        more=EXAMPLE,
        run=_train,
        interrupted=GOES_ON,
    )
    train.add_argument("config", type=Path, metavar="CONFIG", help="see pvvae configs")
    train.add_argument("overrides", nargs="*", metavar="key.path=value")
    train.add_argument(
        "--processes",
        type=number(Count),
        metavar="N",
        help="on this machine; default: one for each GPU, or 1",
    )
    train.add_argument("--hostfile", type=Path, metavar="FILE", help="machines to run on")
    train.add_argument(
        "--dry", action="store_true", help="print the resolved config and the command; run nothing"
    )


def _train(arguments: argparse.Namespace) -> int:
    from launchers.machines.command import StageCommand
    from pvvae import config as codec

    command = StageCommand(
        config=arguments.config,
        sets=codec.read_overrides(arguments.overrides),
        processes=arguments.processes,
        hostfile=arguments.hostfile,
    )
    return _show(command) if arguments.dry else command.run()


def _show(command: "StageCommand") -> int:
    import yaml

    from launchers.machines.local import check_machines, shown, stage_command
    from stages import program

    plain = program.resolved(command.load())
    processes = check_machines(processes=command.processes, hostfile=command.hostfile)
    line = stage_command(
        command.config, command.overrides, processes=processes, hostfile=command.hostfile
    )
    print(yaml.safe_dump(plain, sort_keys=False), end="")
    print(f"# {shown(line)}")
    return 0
