"""``pvvae report``: a folder of runs as one page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command
from launchers.outputs import add_overwrite, claim_folder

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
    add_overwrite(report)


def _report(arguments: argparse.Namespace) -> int:
    from pvvae.run.folder import runs_below

    runs_below(arguments.runs)
    made_by = f"pvvae report of {arguments.runs.resolve()}"
    for folder, name in ((arguments.plots, "*.svg"), (arguments.out, "index.html")):
        if folder is not None:
            claim_folder(folder, made_by, names=[name], overwrite=arguments.overwrite)

    from pvvae.report import build_report, write_plots

    for path in write_plots(arguments.runs, arguments.plots) if arguments.plots else ():
        print(path)
    print(build_report(arguments.runs, arguments.out))
    return 0
