"""Where things go: positions over time, of which a longer one begins with every shorter one."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pvvae import seeding

GROUP = 4
"""Frames after which a course may change: the stride in time of the paper's VAEs (section 3.1)."""
PERIOD = 32
"""Frames in which what accelerates has also braked again. Ours: about two clips of 17."""
SURGE = 0.8
"""How much faster and slower that is than its mean. Ours: it never stands still."""

Number = TypeVar("Number", np.float64, np.complex128)
Values = NDArray[np.float64]
Path = NDArray[np.complex128]
"""Positions x + iy, one a frame."""


def course(*parts: int | str, intervals: int, predictability: float) -> Values:
    """(intervals,) numbers in [0, 1), from one frame to the next: a direction, as part of a turn.

    At each group's first frame the old one stays, with probability ``predictability``.

    Args:
        parts: what it is drawn for.
    """
    legs = max(-(-intervals // GROUP), 1)
    draws = seeding.numpy_generator(*parts).random((legs, 2))  # a row after the other
    fresh = draws[:, 0] >= predictability
    fresh[0] = True
    last = np.maximum.accumulate(np.where(fresh, np.arange(legs), 0))
    return np.repeat(draws[last, 1], GROUP)[:intervals]


def heading(turns: Values) -> Path:
    """Directions as numbers of length 1."""
    there: Path = np.exp(2j * np.pi * turns)
    return there


def plane(x: Values, y: Values) -> Path:
    """x + iy."""
    return np.asarray(x + 1j * y, np.complex128)


def sense(course: Values) -> Values:
    """A direction where there are two: -1 or 1."""
    return np.where(course < 0.5, -1.0, 1.0)


def surging(phase: float, *, frames: int) -> Values:
    """(frames,) time that runs faster and slower: 1 a frame in the mean."""
    t = np.arange(frames)
    swing = SURGE * PERIOD / (2 * np.pi)
    time: Values = t - swing * (np.cos(2 * np.pi * t / PERIOD + phase) - np.cos(phase))
    return time


def sum_up(steps: NDArray[Number]) -> NDArray[Number]:
    """(frames,) sums of what happens between frames, from 0 on."""
    return np.concatenate([np.zeros(1, steps.dtype), np.cumsum(steps)])


def reflected(path: Path, *, half: float) -> Path:
    """Held within ``half`` of the centre, in x and in y, by walls that throw it back."""
    x, y = (half - np.abs((part + half) % (4 * half) - 2 * half) for part in (path.real, path.imag))
    return plane(x, y)
