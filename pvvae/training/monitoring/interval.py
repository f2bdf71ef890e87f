"""The steps since the last line of the log."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch
from torch import Tensor

from pvvae import distributed
from pvvae.config.reading import expected_form, read_object
from pvvae.files import write_json
from pvvae.run.checkpoints import Write
from pvvae.training.monitoring.flops import Work
from pvvae.training.monitoring.throughput import Wait, pace

FILE = "spikes.json"
"""In a checkpoint: the last values of each series; a resumed run would count others without."""
LEAST_DEVIATION = 1e-10
"""Below it a series stands still, and rounding would spike. OLMo-core's."""


class Spikes:
    """A value spikes if it exceeds its mean over the last steps by many deviations.

    As OLMo-core's StabilityMonitorCallback: nothing spikes before the window is full, and a spike
    is part of the window afterwards, so that a new level spikes only for a while. Steps that were
    skipped are no steps here. Every process that is given the same values gives the same answers.
    """

    def __init__(self, *, window: int, sigma: float) -> None:
        """Keep the last ``window`` values of each series; ``sigma`` deviations are too many."""
        self._window, self._sigma = window, sigma
        self._series: dict[str, deque[float]] = {}

    def look(self, values: Mapping[str, float]) -> list[str]:
        """Names of those of a step's values that spike, in order; all belong to the past then."""
        found = [name for name, value in sorted(values.items()) if self._leaps(name, value)]
        for name, value in values.items():
            self._past(name).append(value)
        return found

    def snapshot(self) -> Write:
        """Copy the series; what is returned writes the copy, on the main process."""
        series = {name: list(past) for name, past in self._series.items()}

        def write(folder: Path) -> list[Path]:
            if not distributed.is_main():
                return []
            write_json(folder / FILE, series)
            return [folder / FILE]

        return write

    def load(self, folder: Path) -> None:
        """Take up a checkpoint's series, none if it has none."""
        path = folder / FILE
        series = read_object(path) if path.exists() else {}
        with expected_form(path):
            self._series = {
                name: deque(map(float, past), self._window) for name, past in series.items()
            }

    def _leaps(self, name: str, value: float) -> bool:
        past = self._past(name)
        if len(past) < self._window:
            return False
        mean = fmean(past)
        deviation = pstdev(past, mean)
        return deviation > LEAST_DEVIATION and value > mean + self._sigma * deviation

    def _past(self, name: str) -> deque[float]:
        return self._series.setdefault(name, deque(maxlen=self._window))


_NUMBERS = 5  # losses that fit in a line


def summary(done: int, steps: int, values: Mapping[str, Any], times: Mapping[str, float]) -> str:
    """Step, the first losses, what was skipped or spiked, pace and memory, whichever there are."""
    losses = [f"{name} {value}" for name, value in first(values, _NUMBERS).items()]
    parts = [f"step {done:,} of {steps:,}", *losses]
    if values.get("skipped"):
        parts.append(f"{values['skipped']} skipped")
    if values.get("spikes"):
        parts.append(f"{values['spikes']} spikes ({values['spiked']})")
    units = {
        "seconds_per_step": "{:.3g} s a step",
        "clips_per_second": "{:.3g} clips/s",
        "peak_share": "{:.1%} of peak",
        "data_wait_share": "{:.0%} waiting for data",
        "memory_gib": "{:.3g} GiB",
    }
    parts += [unit.format(times[name]) for name, unit in units.items() if name in times]
    return ", ".join(parts)


def first(values: Mapping[str, Any], count: int) -> dict[str, str]:
    """The first losses, in few digits."""
    losses = [(k, v) for k, v in values.items() if isinstance(v, float) and k != "lr"]
    return {name: f"{value:.3g}" for name, value in losses[:count]}


COUNTS = ("clips", "pixels")
"""Values that say how much a step did, not how it went."""


class LogInterval:
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
        """FLOPs summed over processes; 0 if no peak is known."""
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
