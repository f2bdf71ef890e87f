"""``pvvae pipeline``: a file's commands, one after another."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
example:
  pvvae pipeline configs/quickstart.yaml

The file lists commands under `commands:` as one would type them. The first that fails
stops the pipeline; given again, it goes on from there.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    pipeline = add_command(
        commands,
        "pipeline",
        help="give a file's commands, one after another",
        more=EXAMPLE,
        run=_pipeline,
    )
    pipeline.add_argument("file", type=Path, metavar="FILE")
    pipeline.add_argument(
        "--with-parent", action="store_true", help="end when the calling process does (for make)"
    )


def _pipeline(arguments: argparse.Namespace) -> int:
    from launchers.cli import main, parse
    from launchers.pipeline import run_pipeline
    from pvvae.lifeline import end_with_parent

    if arguments.with_parent:
        end_with_parent()
    return run_pipeline(arguments.file, main, check=parse)
