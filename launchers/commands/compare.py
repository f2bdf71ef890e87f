"""``pvvae compare``: runs and result files side by side."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command
from launchers.outputs import add_overwrite, check_output

if TYPE_CHECKING:
    from launchers.arguments import Commands

FORMATS = ("text", "markdown", "latex", "html")
EXAMPLE = """\
examples:
  pvvae compare runs/quickstart/cnn/predictive runs/quickstart/vit/predictive
  pvvae compare runs/cnn/evaluate_reconstruction ours.json --format latex -o table.tex

A RUN is a run folder, a folder that holds one evaluation of each kind, or a file of
`pvvae metrics --json`. Results of different protocols (other clips, sizes, numbers, settings) are
refused, with what differs; --anyway marks the rows that depend on it, which then have no best.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    compare = add_command(
        commands, "compare", help="print results side by side", more=EXAMPLE, run=_compare
    )
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    compare.add_argument("--format", choices=FORMATS, default="text")
    compare.add_argument(
        "--anyway", action="store_true", help="side by side although protocols differ"
    )
    compare.add_argument("-o", "--out", type=Path, metavar="FILE", help="write there")
    add_overwrite(compare)


def _compare(arguments: argparse.Namespace) -> int:
    if arguments.out is not None:
        check_output(arguments.out, sources=arguments.runs, overwrite=arguments.overwrite)

    from pvvae.files import write_text
    from pvvae.report import comparison

    text = comparison(arguments.runs, format=arguments.format, anyway=arguments.anyway)
    if arguments.out is None:
        print(text, end="")
    else:
        write_text(arguments.out, text)
        print(arguments.out)
    return 0
