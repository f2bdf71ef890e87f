"""Runs short stages in a group: ``python -m tests.stages.worker SHARDS RUNS JOB…``.

A job is ``NAME stage override…`` in one word, separated by spaces; its run folder is RUNS/NAME.
With ``until=STEP`` among the overrides all processes end before that step, as if killed.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from torch import Tensor

from pvvae.engine import start, stop
from pvvae.training import VAETrainer
from tests.stages.short import run_stage


def main() -> None:
    shards, runs = Path(sys.argv[1]), Path(sys.argv[2])
    start()
    for job in sys.argv[3:]:
        name, stage, *extra = job.split(" ")
        last = [int(word.removeprefix("until=")) for word in extra if word.startswith("until=")]
        extra = [word for word in extra if not word.startswith("until=")]
        with contextlib.suppress(Killed), dying_at(*last):
            run_stage(stage, shards, runs, f"run={runs / name}", *extra)
    stop()


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@contextlib.contextmanager
def dying_at(last: int | None = None) -> Iterator[None]:
    """Let VAE training end before step ``last``."""
    step = VAETrainer.step

    def until(self: VAETrainer, number: int) -> dict[str, Tensor]:
        if number == last:
            raise Killed
        return step(self, number)

    with mock.patch.object(VAETrainer, "step", until):
        yield


if __name__ == "__main__":
    main()
