"""``pvvae report``: a folder of runs as one page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
examples:
  pvvae report runs/quickstart --out report
  pvvae report runs/quickstart --plots figures    its curves, a picture each
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    report = add_command(
        commands,
        "report",
        help="make an HTML page of everything below a folder of runs",
        more=EXAMPLE,
        run=_report,
    )
    report.add_argument("runs", type=Path, metavar="RUNS")
    report.add_argument("--out", type=Path, default=Path("report"), metavar="FOLDER")
    report.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="write training's curves as SVG files too"
    )


def _report(arguments: argparse.Namespace) -> int:
    from pvvae.run.folder import runs_below

    runs_below(arguments.runs)

    from pvvae.report import build_report, write_plots

    for path in write_plots(arguments.runs, arguments.plots) if arguments.plots else ():
        print(path)
    print(build_report(arguments.runs, arguments.out))
    return 0
