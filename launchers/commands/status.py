"""``pvvae status``: how far runs are."""

import argparse
import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launchers.words import add_command
from pvvae.run_folder import is_finished, read_config, read_metrics, runs_below

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
example:
  pvvae status runs

One line a run: its folder and stage, how far it is, and the last metrics of each kind.
"""

SHOWN = 4  # ours: values of one kind that a line has room for


def add(commands: "Commands") -> None:
    """Declare the command."""
    status = add_command(
        commands, "status", help="print how far runs are", more=EXAMPLE, run=_status
    )
    status.add_argument(
        "runs", type=Path, nargs="?", default=Path("runs"), metavar="RUNS", help="default: runs"
    )


def _status(arguments: argparse.Namespace) -> int:
    runs = runs_below(arguments.runs)
    width = max(len(str(run)) for run in runs)
    for run in runs:
        print(f"{run!s:<{width}}  {describe(run)}".rstrip())
    return 0


def describe(run: Path) -> str:
    """Stage, steps, state and last metrics of a run, in one line."""
    plain, lines = read_config(run), read_metrics(run)
    steps = f"{lines[-1]['step'] if lines else 0}/{plain['steps']}" if "steps" in plain else ""
    newest = {
        line["kind"]: line for line in sorted(lines, key=lambda line: line["kind"] != "train")
    }
    metrics = "  ".join(f"{kind}: {_values(line)}" for kind, line in newest.items())
    return f"{plain['stage']:<23}  {_state(run):<11}  {steps:<15}  {metrics}"


def _state(run: Path) -> str:
    if is_finished(run):
        return "finished"
    return "running" if _is_held(run) else "interrupted"


def _is_held(run: Path) -> bool:
    """Whether a process has the run's lock."""
    try:
        with (run / ".lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _values(line: Mapping[str, Any]) -> str:
    numbers = {k: v for k, v in line.items() if isinstance(v, int | float) and k != "step"}
    return " ".join(f"{name} {value:.4g}" for name, value in list(numbers.items())[:SHOWN])
