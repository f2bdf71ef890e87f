"""``pvvae doctor``: whether this machine is right, before a long run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count
from launchers.arguments import add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.doctor.wanted import Wanted

EXAMPLE = """\
examples:
  pvvae doctor                                    this machine, in seconds
  pvvae doctor --json                             the same as JSON

Each line: ok, WRONG or - (nothing here depends on it), what was found, and what to do. The exit
status is 1 if anything is wrong. Writes a small file where the runs will be, and takes it away.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    doctor = add_command(
        commands, "doctor", help="say whether this machine is right", more=EXAMPLE, run=_doctor
    )
    doctor.add_argument(
        "--processes", type=number(Count), metavar="N", help="default: one for each GPU, or one"
    )
    doctor.add_argument(
        "--run", type=Path, metavar="FOLDER", help="where the runs will be; default: runs"
    )
    doctor.add_argument("--json", action="store_true", help="print plain data")


def _doctor(arguments: argparse.Namespace) -> int:
    import json

    from pvvae.doctor.examine import data, examine, is_right, line

    findings = []
    for finding in examine(_wanted(arguments)):
        findings.append(finding)
        if not arguments.json:
            print(line(finding), flush=True)
    if arguments.json:
        print(json.dumps(data(findings), indent=1))
    return 0 if is_right(findings) else 1


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from pvvae.doctor.wanted import RUNS, Wanted

    return Wanted(run=arguments.run or RUNS, processes=arguments.processes)
