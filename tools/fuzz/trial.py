"""One input through one reader: what may come of it, and what is a fault of ours.

Allowed is success, and one printed line. A traceback, more than one line, a hang and a memory that
grows without end are faults. Everything runs in this process; its address space is bounded, so that
what would take the machine's memory raises here.
"""

import io
import random
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from pvvae.errors import LONGEST, ConfigError

LONGEST_TIME = 10
"""Seconds that an input may take; the bar that users were promised."""
WAITS = 30
"""Times as long that it may take by the clock on the wall. Ours: a busy machine."""
MOST_MEMORY = 2**30
"""Bytes that a process may grow by; likewise."""


class HangError(BaseException):
    """An input took longer than it may."""


@dataclass
class Tally:
    """What came of inputs."""

    done: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        accepted = self.done - self.refused - len(self.faults)
        return (
            f"{self.done} inputs: {accepted} taken, {self.refused} refused in a line, "
            f"{len(self.faults)} faults"
        )


Read = Callable[[], object]
"""Reads one input; a mistake in it is a ConfigError, or the status of a command."""


def attempt(read: Read, tally: Tally, name: str) -> None:
    """Give ``read`` one input and count what came of it."""
    out, said = io.StringIO(), io.StringIO()
    tally.done += 1
    try:
        with time_limit(LONGEST_TIME), redirect_stdout(out), redirect_stderr(said):
            status = read()
    except ConfigError as error:
        tally.refused += 1
        if len(str(error)) > LONGEST or "\n" in str(error):
            tally.faults.append(f"{name}: a message of {len(str(error))} characters, not one line")
        return
    except (Exception, HangError, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        last = f"{where.filename}:{where.lineno} in {where.name}"
        tally.faults.append(f"{name}: {type(error).__name__}: {str(error)[:200]} ({last})")
        return
    if isinstance(status, int) and status:
        tally.refused += 1
        lines = [line for line in said.getvalue().splitlines() if line.startswith("pvvae: ")]
        if not lines:
            tally.faults.append(f"{name}: status {status} without a line: {said.getvalue()[-200:]}")


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise :class:`HangError` in what computes for longer, or waits for something much longer.

    Computing is counted in seconds of this process, so that a busy machine makes no fault.
    """

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError(f"more than {seconds} s")

    clocks = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}
    before = {number: signal.signal(number, ring) for number in clocks.values()}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WAITS)
    try:
        yield
    finally:
        for clock, number in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])


@contextmanager
def memory_limit(more: int = MOST_MEMORY) -> Iterator[None]:
    """Let this process's address space grow by ``more`` bytes, and no further."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def draws(seed: int, kind: str, number: int) -> random.Random:
    """The draws of input ``number`` of a kind: the same in every run of the same seed."""
    return random.Random(f"{seed} {kind} {number}")


class InputMaker(Protocol):
    """Makes inputs of one kind in a folder."""

    def __init__(self, folder: Path) -> None:
        """Prepare what inputs are made of."""

    def make(self, draw: random.Random, number: int) -> Read:
        """Write input ``number``; what is returned reads it."""
