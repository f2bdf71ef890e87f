"""Two ways to take the same steps, timed in turn: what one machine does to one it does to both."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from launchers.bench.bare_steps import Bare
from pvvae import distributed
from pvvae.run import checkpoints
from pvvae.training.loop import Trainer


@dataclass(frozen=True)
class Lap:
    """A moment, or the time between two."""

    seconds: float
    """By the clock on the wall."""
    cpu: float
    """Seconds of this process's threads on a core: what other programs take is not in it, nor is
    waiting."""

    def __sub__(self, earlier: "Lap") -> "Lap":
        return Lap(self.seconds - earlier.seconds, self.cpu - earlier.cpu)


class Alternating:
    """A trainer for ``run_loop`` that lets a bare step go before each of its own.

    From the end of a bare step to the call for the next one is what the loop makes of one step,
    whatever it does besides it. Both clocks start and stop when all processes are there.
    """

    def __init__(self, trainer: Trainer, bare: Bare, *, loss: str) -> None:
        """``loss`` is what the trainer calls the loss that ``bare`` returns."""
        self._trainer, self._bare, self._loss = trainer, bare, loss
        self.wait, self.work = trainer.wait, trainer.work
        self.laps: dict[str, list[Lap]] = {"bare": [], "loop": []}
        """Time of each step; the loop's last step has none."""
        self.first: dict[str, Tensor] = {}
        """Losses () of the first step, this process's part, by who took it."""
        self._began: Lap | None = None

    def start(self, step: int, *, rollbacks: int) -> None:
        """Get the trainer ready."""
        self._trainer.start(step, rollbacks=rollbacks)

    def step(self, step: int) -> dict[str, Tensor] | None:
        """A bare step, then the trainer's."""
        if self._began is not None:
            self.laps["loop"].append(_now() - self._began)
        began = _now()
        bare = self._bare.step(step)
        self._began = _now()
        self.laps["bare"].append(self._began - began)
        values = self._trainer.step(step)
        if values is not None and not self.first:
            part = bare / distributed.world_size()  # a mean over this process's clips
            self.first = {"bare": part, "loop": values[self._loss]}
        return values

    def rates(self, step: int) -> dict[str, Any]:
        """The trainer's values that are not means."""
        return self._trainer.rates(step)

    def norms(self, step: int) -> dict[str, float]:
        """Gradient norms of the trainer."""
        return self._trainer.norms(step)

    def evaluate(self, step: int) -> dict[str, float]:
        """Nothing: an evaluation is no part of a step."""
        return {}

    def snapshot(self) -> checkpoints.Write:
        """The trainer's snapshot."""
        return self._trainer.snapshot()

    def load(self, folder: Path) -> None:
        """Load a checkpoint into the trainer."""
        self._trainer.load(folder)


def _now() -> Lap:
    distributed.barrier()
    return Lap(time.perf_counter(), time.process_time())
