"""Losses of a known law, with noise, as runs would have them."""

import numpy as np

from pvvae.study.statistics.observations import Observation

SIZES = (64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0)
FLOOR, SCALE, EXPONENT = 1.0, 1.0, 0.4


def law(size: float, *, exponent: float = EXPONENT, floor: float = FLOOR) -> float:
    """The true loss."""
    return float(floor + SCALE * (size / SIZES[0]) ** -exponent)


def runs(
    *,
    noise: float = 0.0,
    seeds: int = 3,
    sizes: tuple[float, ...] = SIZES,
    exponent: float = EXPONENT,
    floor: float = FLOOR,
    number: int = 0,
) -> list[Observation]:
    """One study; ``number`` draws its noise."""
    random = np.random.default_rng(number)
    return [
        Observation(
            size=size,
            seed=seed,
            loss=law(size, exponent=exponent, floor=floor) * (1 + noise * random.standard_normal()),
        )
        for size in sizes
        for seed in range(seeds)
    ]
