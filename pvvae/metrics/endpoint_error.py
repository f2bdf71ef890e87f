"""How far estimated optical flow is off: RAFT's protocol on Sintel.

``evaluate.py::validate_sintel`` of princeton-vl/RAFT: frames are padded to multiples of 8 by their
edge pixels, half on either side; the error is pooled over all pixels of all pairs, occluded ones
too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError

MULTIPLE = 8
MAGIC = 202021.25
"""First number of every ``.flo`` file, which spells PIEH."""
HEADER = 12
OUTLIERS = (1.0, 3.0, 5.0)
"""Pixels within which shares are told."""

Flow = NDArray[np.float32]
"""(..., H, W, 2) x and y."""


@dataclass(frozen=True)
class EndpointErrors:
    """Sums over the pixels of some pairs; they add up over pairs."""

    total: float
    pixels: int
    near: tuple[int, ...]
    """Pixels with an error below 1, 3 and 5."""

    def __add__(self, other: "EndpointErrors") -> "EndpointErrors":
        near = tuple(a + b for a, b in zip(self.near, other.near, strict=True))
        return EndpointErrors(self.total + other.total, self.pixels + other.pixels, near)

    @property
    def mean(self) -> float:
        """EPE, pooled over all pixels."""
        return self.total / self.pixels

    @property
    def within(self) -> tuple[float, ...]:
        """Shares of pixels with an error below 1, 3 and 5."""
        return tuple(count / self.pixels for count in self.near)


def endpoint_errors(flow: Flow, truth: Flow) -> EndpointErrors:
    """Errors of any number of pairs.

    Raises:
        ConfigError: if the two differ in shape.
    """
    if flow.shape != truth.shape:
        raise ConfigError(f"flow must be {truth.shape} as the truth is, got {flow.shape}")
    errors = np.sqrt(np.square(flow.astype(np.float64) - truth).sum(axis=-1))
    near = tuple(int((errors < limit).sum()) for limit in OUTLIERS)
    return EndpointErrors(float(errors.sum()), errors.size, near)


def sintel_padding(height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows above and below, columns left and right, that bring a frame to multiples of 8."""
    rows, columns = -height % MULTIPLE, -width % MULTIPLE
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def padded(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) with their edge pixels repeated to multiples of 8."""
    rows, columns = sintel_padding(*frames.shape[1:3])
    return np.pad(frames, ((0, 0), rows, columns, (0, 0)), mode="edge")


def read_flo(path: Path) -> Flow:
    """(H, W, 2) flow of a ``.flo`` file, whose length must be what its header says.

    Raises:
        ConfigError: if it cannot be read, is another kind of file, or is too short or too long.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) < HEADER or np.frombuffer(content, "<f4", 1)[0] != np.float32(MAGIC):
        raise ConfigError(f"{path}: no .flo file: it does not begin with {MAGIC}")
    width, height = (int(side) for side in np.frombuffer(content, "<i4", 2, offset=4))
    wanted = HEADER + 8 * width * height
    if width < 1 or height < 1 or len(content) != wanted:
        raise ConfigError(
            f"{path}: {len(content)} bytes, and {width} x {height} pixels need {wanted}"
        )
    values = np.frombuffer(content, "<f4", 2 * width * height, offset=HEADER)
    flow: Flow = values.reshape(height, width, 2).astype(np.float32)
    return flow


def pooled(parts: Sequence[EndpointErrors]) -> EndpointErrors:
    """All pixels of all pairs as one.

    Raises:
        ConfigError: if there are none.
    """
    if not parts:
        raise ConfigError("no flow was measured")
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
