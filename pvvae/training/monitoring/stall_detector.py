"""Noticing that nothing happens any more, and where every thread is."""

import faulthandler
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm


class Stall:
    """Watches one process: when it has not shown a sign of life for long, says so and dumps stacks.

    One process that hangs makes all others wait for it within a collective call, until that times
    out after half an hour and takes the evidence along. Each process writes its own stacks, and the
    one whose are not in a collective call is the culprit. Says it once, and again only after
    another sign of life.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rank: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin watching when :meth:`start` is called.

        Args:
            folder: where ``stacks_RANK.txt`` is appended to.
            rank: of this process, for the line.
            seconds: without a sign of life that are too many.
            clock: tells seconds.
        """
        self.path = folder / f"stacks_{rank:05d}.txt"
        self._rank, self._seconds, self._clock = rank, seconds, clock
        self._last, self._what = clock(), "the start"
        self._said = False
        self._end = threading.Event()

    def alive(self, what: str) -> None:
        """A sign of life; ``what`` has just ended."""
        self._last, self._what, self._said = self._clock(), what, False

    def check(self) -> bool:
        """Whether there is something to say; if so, it is said and written."""
        quiet = self._clock() - self._last
        if self._said or quiet < self._seconds:
            return False
        self._said = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"rank {self._rank}: {quiet:.0f} seconds since {self._what}\n")
            file.flush()
            faulthandler.dump_traceback(file=file, all_threads=True)
        tqdm.write(
            f"rank {self._rank}: nothing for {quiet:.0f} seconds since {self._what}; "
            f"all stacks are in {self.path}",
            file=sys.stderr,
        )
        return True

    def start(self) -> None:
        """Check from a thread of its own until :meth:`stop`."""

        def watch() -> None:
            while not self._end.wait(self._seconds / 10):
                self.check()

        threading.Thread(target=watch, name="stall", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._end.set()
