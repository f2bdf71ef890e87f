"""How stored pixels are meant to be seen: turned, mirrored, and wider or narrower than square."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_PIXELS = 2**25
"""Most pixels of a video's frame. Ours: 8K (7680 x 4320) fits; a few bytes can declare a thousand
times as many."""
ALMOST_SQUARE = Fraction(1, 100)
"""Pixels this close to square are taken for square. Ours: encoders note 1280:1279 where a size was
rounded, and resampling costs more sharpness than that costs shape."""
ALMOST_UPRIGHT = 0.01  # ours: rounding of a matrix's 16.16 fixed point stays far below


class DisplayError(Exception):
    """The frame cannot be shown as the file asks."""


def display_matrix(frame: Any) -> tuple[int, ...] | None:
    """The nine 32-bit numbers of an ``av.VideoFrame``'s display matrix; None if it has none."""
    data = frame.side_data.get("DISPLAYMATRIX")
    return None if data is None else tuple(memoryview(data).cast("i").tolist())


def upright(pixels: NDArray[np.uint8], matrix: tuple[int, ...] | None) -> NDArray[np.uint8]:
    """A frame (H, W, 3) as its display matrix shows it: any mirror with any quarter turn.

    Args:
        pixels: as stored.
        matrix: a b u c d v x y w; a stored point (p, q) is shown at (a p + c q, b p + d q), rows
            downwards (ISO 14496-12, section 6.2.2). Translation and scale are not looked at: the
            scale is in the sample aspect ratio.

    Raises:
        DisplayError: if it is turned by another angle.
    """
    if matrix is None:
        return pixels
    a, b, _, c, d, *_ = matrix
    swapped = is_transposed(matrix)
    large, small = ((b, c), (a, d)) if swapped else ((a, d), (b, c))
    if not any(large):  # no matrix at all: some writers leave it empty
        return pixels
    if min(map(abs, large)) == 0 or max(map(abs, small)) > ALMOST_UPRIGHT * min(map(abs, large)):
        raise DisplayError("is shown turned by no multiple of 90 degrees; only those are read")
    if swapped:
        pixels, columns, rows = pixels.swapaxes(0, 1), c, b
    else:
        columns, rows = a, d
    return np.ascontiguousarray(pixels[:: 1 if rows > 0 else -1, :: 1 if columns > 0 else -1])


def is_transposed(matrix: tuple[int, ...] | None) -> bool:
    """Whether stored rows are shown as columns."""
    if matrix is None:
        return False
    a, b, _, c, d, *_ = matrix
    return max(abs(b), abs(c)) > max(abs(a), abs(d))


def square(pixels: NDArray[np.uint8], aspect: Fraction) -> NDArray[np.uint8]:
    """A frame (H, W, 3) whose pixels are ``aspect`` times as wide as high, with square ones.

    The shorter way is stretched, so that nothing stored is lost; with Pillow's bicubic, integer
    arithmetic, so that equal videos give equal bytes on any machine.

    Raises:
        DisplayError: if that has more than ``MAX_PIXELS``.
    """
    if abs(aspect - 1) <= ALMOST_SQUARE:
        return pixels
    rows, columns = pixels.shape[:2]
    size = (max(round(columns * aspect), columns), max(round(rows / aspect), rows))
    check_size(width=size[0], height=size[1])
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def check_size(*, width: int, height: int) -> None:
    """Refuse frames that would take gigabytes.

    Raises:
        DisplayError: if there are more than ``MAX_PIXELS``.
    """
    if width * height > MAX_PIXELS:
        raise DisplayError(
            f"frames of {height} x {width} pixels are too large: at most {MAX_PIXELS} are read"
        )
