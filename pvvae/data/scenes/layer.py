"""One thing of a scene: a picture that a similarity moves over the screen.

Points are complex numbers, x + iy in units of the frame's shorter side, the origin in its middle.
So turning and scaling is one multiplication, and its inverse a division.
"""

from dataclasses import dataclass
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


Points = NDArray[np.complex128]


@dataclass(frozen=True)
class Layer:
    """A picture and its motion. A point p of the picture is on the screen at shift + turn * p."""

    texels: NDArray[np.float32]
    """(n, n, 4): red, green, blue from 0 to 255; opacity from 0 to 1."""
    pitch: float
    """Length of a texel."""
    shift: Points
    """(T,) where its middle is."""
    turn: Points
    """(T,) its angle and scale."""
    endless: bool = False
    """Whether it goes on beyond its edges, mirrored; else there is nothing."""

    def on_picture(self, points: Points, t: int) -> Points:
        """Which points of the picture are at these of the screen, in frame ``t``."""
        there: Points = (points - self.shift[t]) / self.turn[t]
        return there

    def on_screen(self, points: Points, t: int) -> Points:
        """The inverse of :meth:`on_picture`."""
        there: Points = self.shift[t] + self.turn[t] * points
        return there

    def move(self, points: Points, t: int, later: int) -> Points:
        """Where what frame ``t`` shows at ``points`` is in frame ``later``."""
        return self.on_screen(self.on_picture(points, t), later)

    def colour(self, points: Points, t: int) -> NDArray[np.float32]:
        """(..., 4) what is at ``points`` of the screen in frame ``t``, between texels bilinear."""
        return self._between(self.texels, points, t)

    def covers(self, points: Points, t: int) -> NDArray[np.bool_]:
        """Whether it is there: at least half opaque."""
        if self.endless:
            return np.ones(points.shape, np.bool_)
        return self._between(self.texels[..., 3:], points, t)[..., 0] >= 0.5

    def reach(self, t: int) -> float:
        """Distance from its middle beyond which it is nowhere, in frame ``t``."""
        return len(self.texels) / 2**0.5 * self.pitch * abs(complex(self.turn[t]))

    def _between(self, texels: NDArray[np.float32], points: Points, t: int) -> NDArray[np.float32]:
        p = self.on_picture(points, t) / self.pitch
        side = len(texels)
        x0, x = self._split(p.real + (side - 1) / 2, side)
        y0, y = self._split(p.imag + (side - 1) / 2, side)
        flat = texels.reshape(side * side, -1)
        corner = y0 * side + x0
        upper: NDArray[np.float32] = flat[corner]
        upper += x * (flat[corner + 1] - upper)
        corner += side
        lower = flat[corner]
        lower += x * (flat[corner + 1] - lower)
        lower -= upper
        lower *= y
        upper += lower
        return upper

    def _split(
        self, x: NDArray[np.float64], side: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The texel before each coordinate (...), and how far (..., 1) that is on to the next."""
        last = side - 1
        # Beyond the edge of a sprite there are its outermost texels, which are transparent.
        x = last - np.abs(x % (2 * last) - last) if self.endless else x.clip(0, last)
        before = np.minimum(x.astype(np.intp), last - 1)
        return before, (x - before).astype(np.float32)[..., None]
