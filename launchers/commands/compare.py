"""``pvvae compare``: runs side by side."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
example:
  pvvae compare runs/quickstart/cnn/predictive runs/quickstart/vit/predictive
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    compare = add_command(
        commands, "compare", help="print runs side by side", more=EXAMPLE, run=_compare
    )
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN")


def _compare(arguments: argparse.Namespace) -> int:
    from pvvae.report import comparison

    print(comparison(arguments.runs))
    return 0
