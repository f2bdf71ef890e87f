"""One thing of a scene: a picture that a similarity moves over the screen.

Points are complex numbers, x + iy in units of the frame's shorter side, the origin in its middle.
So turning and scaling is one multiplication, and its inverse a division.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
