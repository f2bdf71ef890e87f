"""``pvvae train``: one stage, from its config."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count
from launchers.arguments import add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands

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
        commands, "train", help="run one stage from its config", more=EXAMPLE, run=_train
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
    from launchers.machines.local import (
        UNFINISHED,
        check_machines,
        explain,
        run_stage,
        stage_command,
    )
    from pvvae.run.folder import check_same_config, is_done, is_finished
    from stages import program

    _, config = program.load(arguments.config, arguments.overrides)
    processes = check_machines(processes=arguments.processes, hostfile=arguments.hostfile)
    folder, plain = Path(config.run), program.resolved(config)
    where = {"processes": processes, "hostfile": arguments.hostfile}
    if arguments.dry:
        _show(plain, stage_command(arguments.config, arguments.overrides, **where))
        return 0
    check_same_config(folder, plain)
    if is_done(folder, plain):
        print(f"{folder}: finished already")
        return 0
    if arguments.hostfile is None:
        config.check(processes)
    status = run_stage(arguments.config, arguments.overrides, **where)
    if status == 0 and not is_finished(folder):
        status = UNFINISHED
    explain(status, folder)
    return status


def _show(plain: dict[str, object], command: list[str]) -> None:
    import yaml

    from launchers.machines.local import shown

    print(yaml.safe_dump(plain, sort_keys=False), end="")
    print(f"# {shown(command)}")
