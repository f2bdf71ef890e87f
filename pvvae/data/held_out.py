"""Clips for looking at: the same pixels every time, nothing random."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvvae.data.shards.index import ShardIndex, read_clip, require_size
from pvvae.data.video.pixels import cropped
from pvvae.data.video.video import Frames


@dataclass(frozen=True)
class HeldOutClip:
    """A clip as it is evaluated."""

    frames: Frames
    """(T, H, W, 3) uint8."""
    key: str
    source: str
    label: int | None


class HeldOutClips:
    """Clips 0 .. N - 1: the first frames of samples, centre-cropped; the same every time."""

    def __init__(
        self, index: ShardIndex, chosen: NDArray[np.int64], *, frames: int, height: int, width: int
    ) -> None:
        """See :func:`held_out_clips`."""
        self.index, self.classes = index, index.classes
        self._chosen, self._shape = chosen, (frames, height, width)

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[HeldOutClip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> HeldOutClip:
        number = int(self._chosen[i])
        sample = self.index.sample(number)
        frames, height, width = self._shape
        clip = read_clip(self.index, number, frames=frames)
        return HeldOutClip(
            frames=cropped(clip, height=height, width=width, where=sample.key),
            key=sample.key,
            source=sample.source,
            label=sample.label if self.classes else None,
        )


def held_out_clips(
    folder: Path | str, *, frames: int, height: int, width: int, limit: int | None = None
) -> HeldOutClips:
    """All clips of a folder in their order, or ``limit`` of them, spread evenly over the videos.

    Raises:
        ConfigError: if the folder has no shards, or samples that are too short or too small.
    """
    index = ShardIndex.open(folder)
    require_size(index, frames=frames, height=height, width=width)
    return HeldOutClips(
        index, _spread(index.column("source"), limit), frames=frames, height=height, width=width
    )


def _spread(sources: NDArray[np.bytes_], limit: int | None) -> NDArray[np.int64]:
    """``limit`` indices in order: first clips of evenly spaced videos before any second clip."""
    count = len(sources)
    if limit is None or limit >= count:
        return np.arange(count)
    turn = turns(sources)
    chosen: list[int] = []
    for n in range(int(turn.max()) + 1):
        candidates = np.nonzero(turn == n)[0]
        take = min(limit - len(chosen), len(candidates))
        chosen += candidates[np.arange(take) * len(candidates) // max(take, 1)].tolist()
    return np.array(sorted(chosen), np.int64)


def turns(sources: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """For each clip, how many of the same video come before it: 0 for the first of a video."""
    _, video = np.unique(sources, return_inverse=True)
    turn = np.empty(len(sources), np.int64)
    order = np.argsort(video, kind="stable")
    begins = np.searchsorted(video[order], np.arange(video.max() + 1))
    turn[order] = np.arange(len(sources)) - begins[video[order]]
    return turn
