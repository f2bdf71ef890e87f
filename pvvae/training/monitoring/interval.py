"""The steps since the last line of the log."""

import time
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pvvae import distributed
from pvvae.training.monitoring.flops import Work
from pvvae.training.monitoring.spikes import Spikes
from pvvae.training.monitoring.throughput import Wait, pace

COUNTS = ("clips", "pixels")
"""Values that say how much a step did, not how it went."""


class Window:
    """Means over its steps, what spiked in them, and how fast they were."""

    def __init__(
        self,
        wait: Wait,
        work: Work,
        *,
        spikes: Spikes | None = None,
        peak: float | None = None,
    ) -> None:
        """Empty.

        Args:
            wait: what the trainer waits for data.
            work: what it has worked on.
            spikes: knows the steps before; None looks for none.
            peak: FLOP/s that one process could do, if known.
        """
        self._wait, self._work, self._spikes, self._peak = wait, work, spikes, peak
        self._taken: list[tuple[dict[str, Tensor], dict[str, float]]] = []
        self._count = 0
        self.times: dict[str, float] = {}
        self.begin()

    def begin(self) -> None:
        """The clock of an empty window starts now: what was done before counts for nothing."""
        if self._count == 0:
            self._began = time.perf_counter()
            self._wait.take()
            self._work.take()

    def skip(self) -> None:
        """A step that was not taken."""
        self._count += 1

    def add(self, values: Mapping[str, Tensor], norms: Mapping[str, float]) -> None:
        """A step's values, this process's part of each, and norms, whole on all processes."""
        self._count += 1
        self._taken.append(({name: v.detach() for name, v in values.items()}, dict(norms)))

    def close(self) -> dict[str, float | str]:
        """Means over the steps taken and all processes; a collective call; empties it.

        ``skipped`` counts the steps that were not taken, ``spikes`` those in which something
        spiked; ``spiked`` says what.
        """
        steps = self._summed()
        means: dict[str, float | str] = {}
        for name in sorted({name for step in steps for name in step}):
            parts = [step[name] for step in steps if name in step]
            means[name] = sum(parts) / len(parts)
        means["skipped"] = self._count - len(steps)
        means |= self._spiked(steps)
        sums = {name: sum(step.get(name, 0.0) for step in steps) for name in COUNTS}
        for name in COUNTS:
            means.pop(name, None)
        self.times = pace(
            seconds=time.perf_counter() - self._began,
            waited=self._wait.take(),
            steps=self._count,
            clips=sums["clips"],
            pixels=sums["pixels"],
            flops=self._flops(),
            peak=None if self._peak is None else self._peak * distributed.world_size(),
        )
        self._taken, self._count = [], 0
        self.begin()
        return means

    def _summed(self) -> list[dict[str, float]]:
        """Values of each step taken, over all processes, in one message."""
        # Every process has the same names: which losses are on depends on the step alone.
        parts = [values[name].double() for values, _ in self._taken for name in sorted(values)]
        if not parts:
            return []
        whole = iter(distributed.sum_(torch.stack(parts)).tolist())
        return [{name: next(whole) for name in sorted(values)} for values, _ in self._taken]

    def _flops(self) -> float:
        """Of all processes; nobody counts where no peak is known."""
        done = torch.tensor(self._work.take(), dtype=torch.float64, device=distributed.device())
        return float(distributed.sum_(done))

    def _spiked(self, steps: Sequence[Mapping[str, float]]) -> dict[str, float | str]:
        if self._spikes is None:
            return {}
        found = []
        for step, (_, norms) in zip(steps, self._taken, strict=True):
            losses = {name: value for name, value in step.items() if name not in COUNTS}
            found.append(self._spikes.look(losses | norms))
        names = sorted({name for names in found for name in names})
        spikes: dict[str, float | str] = {"spikes": sum(map(bool, found))}
        return spikes | {"spiked": " ".join(names)} if names else spikes
