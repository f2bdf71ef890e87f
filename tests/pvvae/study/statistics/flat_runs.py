"""Runs whose result does not depend on their size."""

from pvvae.study.statistics.observations import Observation
from tests.pvvae.study.simulated import law, runs


def flat(*, noise: float = 0.02) -> list[Observation]:
    """Losses that size does not change."""
    return [
        Observation(size=run.size, seed=run.seed, loss=run.loss / law(run.size))
        for run in runs(noise=noise)
    ]
