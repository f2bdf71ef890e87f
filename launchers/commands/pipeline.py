"""``pvvae pipeline``: a file's commands, one after another, or as Slurm jobs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import GOES_ON, add_command
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
examples:
  pvvae pipeline configs/quickstart.yaml
  pvvae pipeline configs/cnn/pipeline.yaml --slurm slurm.partition=gpu slurm.time=1-00:00:00
  pvvae pipeline configs/cnn/pipeline.yaml --slurm --dry-run

The file lists commands under `commands:` as one would type them. The first that fails
stops the pipeline; given again, it goes on from there.

With --slurm every command is a job that begins when the runs it builds on are finished.
Options of sbatch stand under `slurm:`, or on the command line as slurm.option=value. The same
line again submits what is neither finished nor queued; `pvvae status` shows how far all are.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    pipeline = add_command(
        commands,
        "pipeline",
        help="give a file's commands, one after another",
        more=EXAMPLE,
        run=_pipeline,
        interrupted=GOES_ON,
    )
    pipeline.add_argument("file", type=Path, metavar="FILE")
    pipeline.add_argument("overrides", nargs="*", metavar="slurm.option=value")
    pipeline.add_argument("--slurm", action="store_true", help="submit every command as a job")
    pipeline.add_argument(
        "--dry-run", action="store_true", help="print the scripts of --slurm; submit nothing"
    )
    pipeline.add_argument(
        "--with-parent", action="store_true", help="end when the calling process does (for make)"
    )


def _pipeline(arguments: argparse.Namespace) -> int:
    from launchers.machines.pipeline import run_pipeline
    from pvvae.run.process_lifetime import end_with_parent

    if arguments.slurm:
        return _submit(arguments)
    if arguments.dry_run or arguments.overrides:
        what = "--dry-run" if arguments.dry_run else arguments.overrides[0]
        raise ConfigError(f"pipeline: {what} goes with --slurm")
    if arguments.with_parent:
        end_with_parent()
    return run_pipeline(arguments.file)


def _submit(arguments: argparse.Namespace) -> int:
    from launchers.machines import slurm
    from launchers.machines.pipeline import read_pipeline

    other = [word for word in arguments.overrides if not word.startswith("slurm.")]
    if other:
        raise ConfigError(f"{other[0]!r}: a pipeline takes slurm.option=value; see its file")
    pipeline = read_pipeline(arguments.file, arguments.overrides)
    jobs = slurm.plan(pipeline)
    if arguments.dry_run:
        print("\n".join(slurm.script(jobs, pipeline)))
    else:
        slurm.submit(jobs, pipeline)
    return 0
