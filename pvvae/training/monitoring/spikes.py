"""Losses and gradient norms that leap far above what they were in the steps before."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, pstdev

from pvvae import distributed
from pvvae.files import write_json
from pvvae.reading import expected_form, read_object
from pvvae.run.checkpoints import Write

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
