"""Pictures too large for memory, in overlapping tiles that are blended where they meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How a picture is cut. A tile does not see beyond its edges, so seams remain, if faint."""

    size: int
    """Pixels of a tile along height and width."""
    overlap: int
    """Pixels that neighbours share; over them one fades linearly into the other."""

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be positive, got {self.size}")
        if not 0 <= self.overlap <= self.size // 2:
            raise ValueError(
                f"overlap must be in [0, {self.size // 2}] for tiles of {self.size}, "
                f"got {self.overlap}"
            )


class Tiles:
    """The tiles of a picture of one size, in rows from the top."""

    def __init__(self, height: int, width: int, tiling: Tiling, *, stride: int) -> None:
        """Lay them out.

        Args:
            height: of the picture, a multiple of ``stride``.
            width: likewise.
            tiling: size and overlap, multiples of ``stride``.
            stride: pixels of a latent cell along height and width.

        Raises:
            ValueError: naming what is no multiple.
        """
        for name, value in (("size", tiling.size), ("overlap", tiling.overlap)):
            if value % stride:
                raise ValueError(f"tile {name} must be a multiple of {stride}, got {value}")
        self._size = height, width
        self._rows = _spans(height, tiling)
        self._columns = _spans(width, tiling)

    def __len__(self) -> int:
        return len(self._rows) * len(self._columns)

    def split(self, x: Tensor) -> list[Tensor]:
        """(..., H, W) -> the tiles, as views."""
        return [x[..., rows, columns] for rows in self._rows for columns in self._columns]

    def blend(self, tiles: Sequence[Tensor]) -> Tensor:
        """Tiles in the order of :meth:`split` -> (..., H, W).

        Weights of neighbours add up to one, so what they agree on comes out as it was.
        """
        rows = iter(tiles)
        bands = [
            self._join([next(rows) for _ in self._columns], self._columns, -1) for _ in self._rows
        ]
        return self._join(bands, self._rows, -2)

    def near_edges(self, distance: int) -> Tensor:
        """Where a seam would be: bool (H, W), within ``distance`` pixels of an edge inside."""
        height, width = self._size
        rows = _near(self._rows, height, distance)
        return rows[:, None] | _near(self._columns, width, distance)

    def _join(self, parts: Sequence[Tensor], spans: Sequence[slice], dim: int) -> Tensor:
        """One after the other along ``dim``; each fades in over what it shares with the last."""
        whole = parts[0]
        for part, span in zip(parts[1:], spans[1:], strict=True):
            shared = whole.shape[dim] - span.start
            done = whole.narrow(dim, 0, span.start)
            ending, beginning = whole.narrow(dim, span.start, shared), part.narrow(dim, 0, shared)
            fade = ((torch.arange(shared, device=part.device) + 0.5) / max(shared, 1)).to(part)
            fade = fade if dim == -1 else fade[:, None]
            rest = part.narrow(dim, shared, part.shape[dim] - shared)
            whole = torch.cat([done, torch.lerp(ending, beginning, fade), rest], dim=dim)
        return whole


def _spans(length: int, tiling: Tiling) -> list[slice]:
    """Equally long stretches of an axis; the last one is moved back to end where the axis does."""
    if length <= tiling.size:
        return [slice(0, length)]
    step = tiling.size - tiling.overlap
    starts = [*range(0, length - tiling.size, step), length - tiling.size]
    return [slice(start, start + tiling.size) for start in starts]


def _near(spans: Sequence[slice], length: int, distance: int) -> Tensor:
    """bool (length,): within ``distance`` of where a stretch begins or ends, ends of all apart."""
    edges = {edge for span in spans for edge in (span.start, span.stop)} - {0, length}
    near = torch.zeros(length, dtype=torch.bool)
    for edge in edges:
        near[max(edge - distance, 0) : edge + distance] = True
    return near
