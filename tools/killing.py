"""Ending a run with SIGKILL at a moment of one's choice."""

import contextlib
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE = 600.0
"""Seconds for a run to come to a moment, or to end; ours: many times what it takes."""
LOOK = 0.002
"""Seconds between looks; a checkpoint of this size is written in some hundredths."""


class BrokenRunError(Exception):
    """Something is not as it must be."""


def until(moment: str, run: Path, process: "subprocess.Popen[bytes]", draw: random.Random) -> bool:
    """Wait for the moment to kill at; False if the process ended first.

    Raises:
        BrokenRunError: if the moment does not come.
    """
    old = {*partials(run)}
    lines = run / "metrics.jsonl"
    before = lines.stat().st_mtime if lines.exists() else 0.0
    comes: dict[str, Callable[[], bool]] = {
        "starting": lambda: True,
        "training": lambda: lines.exists() and lines.stat().st_mtime > before,
        "writing": lambda: bool({*partials(run)} - old),
    }
    # How much later: anywhere in a start, some steps, or what it takes to write a checkpoint.
    later = {"starting": 15.0, "training": 5.0, "writing": 0.1}[moment] * draw.random()
    if not _comes(comes[moment], process):
        return False
    end = time.monotonic() + later
    return _comes(lambda: time.monotonic() >= end, process)


def _comes(true: Callable[[], bool], process: "subprocess.Popen[bytes]") -> bool:
    """Wait until something is true; False if the process ended first."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if process.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise BrokenRunError(f"waited {PATIENCE:g} s in vain for a moment to kill at")
        time.sleep(LOOK)
    return process.poll() is None


def slay(process: "subprocess.Popen[bytes]", victim: str, draw: random.Random) -> None:
    """SIGKILL ``all`` of the run's processes or ``one`` that trains; wait until all are gone.

    Raises:
        BrokenRunError: if a process outlives its run.
    """
    command = psutil.Process(process.pid)
    family = command.children(recursive=True)
    trainers = [member for member in family if trains(member)]
    victims = [draw.choice(trainers)] if victim == "one" and trainers else [command, *family]
    for member in victims:
        with contextlib.suppress(psutil.NoSuchProcess):  # ended by the death of another
            member.kill()
    process.wait(PATIENCE)
    _, alive = psutil.wait_procs(family, timeout=60)
    if alive:
        raise BrokenRunError(f"processes outlived their run: {[p.pid for p in alive]}")


def trains(process: psutil.Process) -> bool:
    """Whether it is one of the two that the launcher has started."""
    try:
        return any(word.startswith("--local_rank=") for word in process.cmdline())
    except psutil.Error:
        return False


def partials(run: Path) -> list[tuple[str, float]]:
    """Half-written checkpoints, and when they were begun."""
    found = []
    for path in (run / "checkpoints").glob(".step_*.partial"):
        try:
            found.append((path.name, path.stat().st_ctime))
        except FileNotFoundError:  # complete by now
            continue
    return found
