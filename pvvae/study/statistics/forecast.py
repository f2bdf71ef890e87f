"""What a law of the smaller sizes says of the largest, which it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvvae import seeding
from pvvae.study.statistics.observations import PARAMETERS, Observation, sample_of
from pvvae.study.statistics.resampling import DRAWS, Interval, interval, redrawn, residuals


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the smaller sizes say of the largest."""

    size: float
    predicted: float
    interval: Interval | None
    """90%, of the mean of as many seeds as were measured."""
    measured: float
    repeated: float
    """Loss of the size before: the forecast if more data brought nothing."""

    @property
    def error(self) -> float:
        """Relative to what was measured."""
        return self.predicted / self.measured - 1.0


def forecast_largest(observations: Sequence[Observation], *, seed: int) -> Forecast | None:
    """Fit all sizes but the largest, and hold that against it; None with fewer than four sizes."""
    sizes = sorted({run.size for run in observations})
    if len(sizes) <= PARAMETERS:
        return None
    *_, before, largest = sizes
    held_out = [run.loss for run in observations if run.size == largest]
    sample = sample_of([run for run in observations if run.size < largest])
    law = sample.law()
    drawn = redrawn(sample, law, seed=seed)
    left = residuals(sample, law)
    expected = None
    if drawn is not None and left is not None:
        random = seeding.numpy_generator(seed, "forecast")
        noise = random.choice(left, (DRAWS, len(held_out))).mean(axis=1)
        expected = interval(drawn.at(np.array([largest]))[:, 0] * (1.0 + noise))
    return Forecast(
        size=largest,
        predicted=float(law.at(np.array([largest]))[0, 0]),
        interval=expected,
        measured=float(np.mean(held_out)),
        repeated=float(np.mean([run.loss for run in observations if run.size == before])),
    )
