"""A folder of WebDataset shards as a list: any sample by number, without reading those before it.

The tars are not compressed, so a member is (shard, offset, size). Which sample is used when is then
a pure plan over numbers, exact for any number of processes; WebDataset's streaming cannot resume.
"""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.data.shards import tars
from pvvae.data.shards.foreign import scan_foreign
from pvvae.data.shards.samples import (
    Contents,
    Reject,
    Sample,
    Shard,
    load_contents,
    read_index,
    save_contents,
)
from pvvae.data.video.video import IMAGE_SUFFIXES, Frames, count_frames, read_image, read_video
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say

PACKED_INDEX = "index.json"
"""Written by ``pvvae data pack`` when a folder is complete."""
FOREIGN_INDEX = "index.pvvae.json"
"""Our index of shards that someone else made; an ``index.json`` may be theirs."""
SUBSET = "subset.json"
"""What a subset is of; its index has the same under ``settings``."""
UNFINISHED = {
    ".survey.jsonl": "an unfinished pack; give the command that packs it again",
    ".scenes.json": "an unfinished set of scenes; give the command that makes it again",
}
"""Files that lie in a folder until all of its shards are there."""


class ShardIndex:
    """Samples 0 .. N - 1 of a folder, as columns, which forked workers share for good."""

    def __init__(self, folder: Path, contents: Contents) -> None:
        """See :meth:`open`."""
        self.folder = folder
        self._contents = contents

    @classmethod
    def open(cls, folder: Path | str) -> "ShardIndex":
        """The index of a folder; foreign shards are scanned once, and the result kept beside them.

        Raises:
            ConfigError: if there are no shards, they are not the ones that were indexed, or the
                index is there and cannot be read: what it left out would come back unnoticed.
        """
        folder = Path(folder)
        packed = load_contents(folder / PACKED_INDEX)
        _check_subset(folder)
        if packed is not None:
            changed = _changed(folder, packed.shards)
            if changed:
                raise ConfigError(
                    f"{folder / changed}: missing, or not the size that was packed; "
                    "copy the folder again or pack it again"
                )
            return cls(folder, packed)
        for name, what in UNFINISHED.items():
            if (folder / name).exists():
                raise ConfigError(f"{folder}: {what}")
        known = load_contents(folder / FOREIGN_INDEX)
        names = [path.name for path in tars.shard_files(folder)]
        if known and names == [s.name for s in known.shards] and not _changed(folder, known.shards):
            return cls(folder, known)
        contents = scan_foreign(folder)
        why = "its shards are not those that were indexed" if known else "it was not indexed before"
        count = len(contents.columns["key"])
        say(f"{folder}: {why}; found {count} samples in {len(names)} shards")
        # A folder that cannot be written is scanned every time.
        with suppress(OSError, ConfigError):
            save_contents(folder / FOREIGN_INDEX, contents, settings={}, shared=True)
        return cls(folder, contents)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels; empty if the samples have none."""
        return self._contents.classes

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The tar files."""
        return self._contents.shards

    @property
    def num_shards(self) -> int:
        """Number of tar files."""
        return len(self._contents.shards)

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """What was left out, and why."""
        return self._contents.rejects

    def __len__(self) -> int:
        return len(self._contents.columns["key"])

    def column(self, name: str) -> NDArray[Any]:
        """A field of :class:`Sample` for all samples; text is UTF-8 bytes."""
        return self._contents.columns[name]

    def only(self, chosen: NDArray[np.int64]) -> Contents:
        """What an index of these samples alone would say, of the same shards."""
        columns = {name: column[chosen] for name, column in self._contents.columns.items()}
        return replace(self._contents, columns=columns)

    @property
    def class_clips(self) -> tuple[int, ...]:
        """Number of samples of each class; a subset may have none of one."""
        labels = self.column("label")
        return tuple(np.bincount(labels[labels >= 0], minlength=len(self.classes)).tolist())

    def sample(self, i: int) -> Sample:
        """What is known about sample ``i``."""
        values: dict[str, Any] = {}
        for name, column in self._contents.columns.items():
            value = column[i].item()
            values[name] = value.decode() if isinstance(value, bytes) else value
        return Sample(**values)

    def read(self, i: int) -> bytes:
        """The bytes of sample ``i``'s clip, from any process.

        Raises:
            ConfigError: if the shard is gone or cut short.
        """
        shard, offset, size = (int(self.column(name)[i]) for name in ("shard", "offset", "size"))
        return tars.read_extent(self.folder / self.shards[shard].name, tars.Extent(offset, size))


def require_size(index: ShardIndex, *, frames: int, height: int, width: int) -> None:
    """Refuse an index with samples that are known to be too small.

    Raises:
        ConfigError: naming the first, how many there are, and what would help.
    """
    for name, least in (("frames", frames), ("height", height), ("width", width)):
        values = index.column(name)
        short = np.nonzero((values > 0) & (values < least))[0]
        if len(short):
            first = index.sample(int(short[0]))
            kind = "frames" if name == "frames" else f"pixels of {name}"
            advice = f"pack again with --{'frames' if name == 'frames' else 'short-side'} {least}"
            images = int((values[short] == 1).sum()) if name == "frames" else 0
            if images:
                advice = (
                    f"{images} of them are images, which are no part of longer clips: pack the "
                    "videos alone (--only videos)"
                )
            raise ConfigError(
                f"{index.folder}: {len(short)} of {len(index)} samples have too few {kind}: "
                f"{first.key} ({first.source}) has {values[short[0]]}, {least} are needed; "
                f"{advice} or ask for smaller clips"
            )


def check_shards(index: ShardIndex, processes: int) -> None:
    """Refuse more processes than shards: they would read the same files.

    Raises:
        ConfigError: saying how to pack.
    """
    if processes > index.num_shards:
        raise ConfigError(
            f"{index.folder}: {index.num_shards} shards for {processes} processes; pack again with "
            f"--shards {processes} or more"
        )


def _check_subset(folder: Path) -> None:
    """Refuse a subset whose index is not its own.

    Raises:
        ConfigError: if it is missing, or says another thing than ``subset.json``.
    """
    path = folder / SUBSET
    if not path.exists():
        return
    advice = "delete the folder and make the subset again"
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise ConfigError(f"{path}: cannot be read; {advice}") from None
    index = read_index(folder / PACKED_INDEX)
    if index is None:
        raise ConfigError(
            f"{folder / PACKED_INDEX}: missing, or made by another program, though {SUBSET} is "
            f"there; the shards hold more than the subset: {advice}"
        )
    if index["settings"].get("subset") != manifest:
        raise ConfigError(f"{folder / PACKED_INDEX}: not of the subset of {SUBSET}; {advice}")


def _changed(folder: Path, shards: tuple[Shard, ...]) -> str | None:
    """Name of the first shard that is missing or of another size."""
    for shard in shards:
        path = folder / shard.name
        if not path.is_file() or path.stat().st_size != shard.size:
            return shard.name
    return None


def read_clip(
    index: ShardIndex,
    i: int,
    *,
    frames: int,
    stride: int = 1,
    choose: Callable[[int], int] = lambda starts: 0,
) -> Frames:
    """``frames`` frames (T, H, W, 3) of sample ``i``, at full size.

    Args:
        stride: keep every stride-th frame.
        choose: picks the start, given the number of possible ones; the first by default.

    Raises:
        ConfigError: naming the sample, if it is damaged or has too few frames.
    """
    sample = index.sample(i)
    where = f"{index.folder / index.shards[sample.shard].name}: {sample.key}"
    span = (frames - 1) * stride + 1
    data = index.read(i)

    def start(available: int) -> int:
        if available < span:
            raise ConfigError(
                f"{where} has {available} frames; {frames} at stride {stride} need {span}: "
                "pack again with longer clips, or use shorter buckets"
            )
        return choose(available - span + 1)

    suffix = f".{sample.extension}"
    if suffix == ".npy":
        stored = _array(data, where)
        first = start(len(stored))
        return stored[first : first + span : stride]
    if suffix in IMAGE_SUFFIXES:
        start(1)
        return read_image(data, name=where)[None]
    first = start(sample.frames or count_frames(data, name=where))
    return read_video(data, name=where, start=sample.start + first, frames=frames, stride=stride)


def _array(data: bytes, where: str) -> Frames:
    try:
        stored = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ConfigError(f"{where}: not an array ({error})") from None
    if stored.dtype != np.uint8 or stored.ndim not in (3, 4) or stored.shape[-1] != 3:
        raise ConfigError(f"{where}: must be uint8 (T, H, W, 3), got {stored.dtype} {stored.shape}")
    clip: Frames = stored if stored.ndim == 4 else stored[None]
    return clip
