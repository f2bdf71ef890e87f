"""What an evaluation can draw its clips from: shards, a folder of clips, or a list of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from pvvae import seeding
from pvvae.data.evaluation.clip_lists import read_clip_list
from pvvae.data.held_out import turns
from pvvae.data.packing.clip_files import clip_length, find_clip_files, iterate_clip
from pvvae.data.packing.sources import Source
from pvvae.data.shards.foreign import class_numbers
from pvvae.data.shards.index import ShardIndex, read_clip
from pvvae.data.shards.tars import shard_files
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError

Choose = Callable[[int], int]
"""Picks the first frame, given the number of frames that it can be."""


class Candidates(ABC):
    """Clips 0 .. N - 1 in a fixed order, none of them read yet."""

    ids: Sequence[str]
    """Unique names that do not depend on where the data lie."""
    sources: Sequence[str]
    """The video that each is of, or cut from."""
    classes: Sequence[str]
    """Names of the labels; empty if the clips have none."""
    labels: Sequence[int]
    """Label of each clip; without meaning if the clips have no classes."""
    resized: bool
    """Whether they are at the size of a protocol already. Then one that is too small is an error;
    a video as it was recorded is enlarged, as the protocols do to UCF101, from 240 rows to 256."""
    rounds: Sequence[int]
    """Number of clips of the same video before each clip."""

    def __len__(self) -> int:
        return len(self.ids)

    def drawn(self, seed: int) -> list[int]:
        """All of them in a random order, every video once before any a second time.

        The order is that of a hash of the id: clips that another copy of the data lacks leave the
        others where they were.
        """
        return sorted(
            range(len(self)),
            key=lambda i: (self.rounds[i], seeding.key(seed, "evaluation", self.ids[i])),
        )

    @abstractmethod
    def frames(
        self, i: int, *, frames: int, stride: int, choose: Choose | None
    ) -> Iterator[Frames]:
        """``frames`` frames (H, W, 3) of clip ``i``, as large as they are.

        Args:
            stride: keep every stride-th frame.
            choose: picks the start; None is the first frame.

        Raises:
            ConfigError: if it is damaged or too short.
        """


class ClipFiles(Candidates):
    """Each clip is a file, or a folder of frames."""

    def __init__(self, files: Sequence[Source]) -> None:
        """``files``, sorted by name, with labels or without."""
        self._files = files
        self.resized = False
        self.ids = self.sources = [file.name for file in files]
        labels = [file.label for file in files]
        numbers = all(label is not None and label.isdecimal() for label in labels)
        self.classes, found = class_numbers(
            [int(label) if numbers and label else label for label in labels]
        )
        self.labels = found.tolist()
        self.rounds = [0] * len(files)

    def frames(
        self, i: int, *, frames: int, stride: int, choose: Choose | None
    ) -> Iterator[Frames]:
        """See :class:`Candidates`."""
        file, start, span = self._files[i], 0, (frames - 1) * stride + 1
        if choose is not None:
            length = clip_length(file)
            if length < span:
                raise ConfigError(_too_short(file.path, length, frames, stride))
            start = choose(length - span + 1)
        count = 0
        for frame in islice(iterate_clip(file, start=start, stride=stride), frames):
            yield frame
            count += 1
        if count < frames:
            raise ConfigError(_too_short(file.path, clip_length(file), frames, stride))


class ShardClips(Candidates):
    """Each clip is a sample of shards."""

    def __init__(self, index: ShardIndex) -> None:
        """All samples of an index."""
        self._index = index
        self.resized = True
        sources = index.column("source")
        starts = index.column("start").tolist()
        self.sources = [source.decode() for source in sources.tolist()]
        # Not the key, which another packing of the same videos gives to another clip.
        ids = [f"{name}@{start}" for name, start in zip(self.sources, starts, strict=True)]
        if len(set(ids)) < len(ids):  # shards of others, which say no start
            shards = index.column("shard").tolist()
            keys = index.column("key").tolist()
            ids = [
                f"{index.shards[shard].name}/{key.decode()}"
                for shard, key in zip(shards, keys, strict=True)
            ]
        self.ids = ids
        self.classes = index.classes
        self.labels = index.column("label").tolist()
        self.rounds = turns(sources).tolist()

    def frames(
        self, i: int, *, frames: int, stride: int, choose: Choose | None
    ) -> Iterator[Frames]:
        """See :class:`Candidates`."""
        choose = choose or _first
        yield from read_clip(self._index, i, frames=frames, stride=stride, choose=choose)


def open_candidates(where: Path) -> Candidates:
    """What ``where`` holds.

    Raises:
        ConfigError: if nothing there can be understood as clips.
    """
    if where.is_dir() and shard_files(where):
        return ShardClips(ShardIndex.open(where))
    if where.is_dir():
        return ClipFiles(find_clip_files(where)[1])
    return ClipFiles(read_clip_list(where))


def _first(starts: int) -> int:
    return 0


def _too_short(path: Path, length: int, frames: int, stride: int) -> str:
    return f"{path}: has {length} frames; {frames} at stride {stride} need more"
