"""Clips for training: the batch of any slot of any step, from shards to pixels in [-1, 1]."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from arch.ranges import Count, Range, Share, Workers
from pvvae import seeding
from pvvae.config import check_ranges
from pvvae.data.held_out import HeldOutClip, HeldOutClips, held_out_clips
from pvvae.data.schedule import Bucket, Schedule
from pvvae.data.shards.index import ShardIndex, check_shards, read_clip, require_size
from pvvae.data.video.pixels import cropped, to_pixels, to_uint8
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say_here

__all__ = [
    "ClipBatch",
    "DataConfig",
    "HeldOutClip",
    "HeldOutClips",
    "TrainingClips",
    "check_shards",
    "held_out_clips",
    "to_pixels",
    "to_uint8",
]


SUBSTITUTES = 16
"""Samples that are tried in the place of one that cannot be used. Ours: of a set with a tenth of
damaged clips, all fail for one position in 10^16."""
MOST_UNUSABLE = 0.01
"""Part of the samples that may be left out, or a single one. Ours: more is another data set."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What is trained on, in what shapes."""

    train: str
    """Folder of shards."""
    held_out: str | None = None
    """Folder of shards that training never sees."""
    slots: Count
    """Batches in one step, to be shared out over the processes: 16 in the paper (section 4.1)."""
    buckets: tuple[Bucket, ...]
    """Shapes that a slot's batch can have."""
    image_ratio: Share = 0.0
    """Probability that a step is of images, where there are image and video buckets. From a video
    an image bucket takes one random frame."""
    frame_stride: Count = 1
    """Keep every n-th frame of a stored clip; 1 keeps all."""
    min_scale: Annotated[float, Range(0.0, 1.0, above=True)] = 1.0
    """Smallest side of a random crop, relative to the largest crop that fits; never below the
    bucket's own size. 1, ours: as in evaluation, only the place of the crop is random."""
    flip: Share = 0.5
    """Probability of a horizontal flip; Latte's."""
    workers: Workers = 0
    """Processes that decode ahead, for each training process; 0 decodes in the training process."""

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class ClipBatch:
    """One slot of one step."""

    x: Tensor
    """(B, 3, T, H, W) float32 in [-1, 1]."""
    positions: Tensor
    """(B,) int64: places among all clips of the run; each seeds what is drawn for its clip."""
    labels: Tensor | None
    """(B,) int64, if the samples have classes."""
    keys: tuple[str, ...]


@dataclass(frozen=True)
class _Stored:
    """A batch as it comes from a worker: bytes, a quarter of the shared memory of floats."""

    clips: Tensor
    """(B, T, H, W, 3) uint8."""
    positions: Tensor
    labels: Tensor | None
    keys: tuple[str, ...]
    unusable: tuple[tuple[int, ConfigError], ...] = ()
    """Samples that others stand in for, and why."""

    def as_batch(self) -> ClipBatch:
        return ClipBatch(to_pixels(self.clips), self.positions, self.labels, self.keys)


class TrainingClips:
    """All batches of a run; each is a function of (seed, step, slot), on every process."""

    def __init__(self, config: DataConfig, *, steps: int, seed: int) -> None:
        """Open the shards and draw the schedule.

        Raises:
            ConfigError: if shards are missing, or a sample is known to be too short or too small
                for a bucket.
        """
        self.config, self.seed = config, seed
        self._unusable: set[int] = set()
        self.index = ShardIndex.open(config.train)
        for bucket in config.buckets:
            require_size(
                self.index,
                frames=(bucket.frames - 1) * config.frame_stride + 1,
                height=bucket.height,
                width=bucket.width,
            )
        self.schedule = Schedule(
            config.buckets,
            slots=config.slots,
            steps=steps,
            num_samples=len(self.index),
            seed=seed,
            image_ratio=config.image_ratio,
        )

    def clips_in_step(self, step: int) -> int:
        """Clips of all slots of a step together."""
        return self.schedule.clips_in_step(step)

    def batch(self, step: int, slot: int) -> ClipBatch:
        """The batch of ``slot`` in ``step``.

        Raises:
            ConfigError: naming a damaged or unfit sample, if no other can take its place.
        """
        return self._stored(step, slot).as_batch()

    def iterate(
        self, start_step: int, slots: Sequence[int], *, rollbacks: int = 0
    ) -> Iterator[list[ClipBatch]]:
        """For each step from ``start_step`` to the last: the batches of ``slots``, in their order.

        After ``rollbacks`` the run has other data (see ``Schedule.draw``). A sample that is
        damaged, or too short or too small for its bucket, is left out: others take its place, and
        each process that meets it says so once.
        With ``config.workers`` they are decoded ahead. Closing the iterator ends the workers, and
        so does the death of this process.

        Raises:
            ConfigError: if more than a hundredth of the samples, and more than one, cannot be used.
        """
        places = [(s, slot) for s in range(start_step, self.schedule.steps) for slot in slots]
        loader: DataLoader[_Stored | ConfigError] = DataLoader(
            _Places(self, places, rollbacks),
            batch_size=None,
            num_workers=self.config.workers,
            collate_fn=_as_it_is,
            # The loader draws a seed that nothing here uses; not from the global generator.
            generator=torch.Generator(),
        )
        step: list[ClipBatch] = []
        for stored in loader:
            if isinstance(stored, ConfigError):
                raise stored
            for i, error in stored.unusable:
                self._note(i, error)
            step.append(stored.as_batch())
            if len(step) == len(slots):
                yield step
                step = []

    def _stored(self, step: int, slot: int, *, rollbacks: int = 0) -> _Stored:
        draw = self.schedule.draw(step, slot, rollbacks=rollbacks)
        ids = self.schedule.sample_ids(draw.positions)
        clips: list[Frames] = []
        unusable: list[tuple[int, ConfigError]] = []
        for row, position in enumerate(draw.positions.tolist()):
            clip, ids[row], errors = self._usable(int(ids[row]), position, draw.bucket)
            clips.append(clip)
            unusable += errors
        labels = self.index.column("label")[ids] if self.index.classes else None
        return _Stored(
            clips=torch.from_numpy(np.stack(clips)),
            positions=torch.from_numpy(draw.positions),
            labels=None if labels is None else torch.from_numpy(labels),
            keys=tuple(key.decode() for key in self.index.column("key")[ids]),
            unusable=tuple(unusable),
        )

    def _usable(
        self, i: int, position: int, bucket: Bucket
    ) -> tuple[Frames, int, list[tuple[int, ConfigError]]]:
        """The clip of sample ``i`` at ``position``; if it is damaged or unfit, of another sample.

        Which one follows from seed and position, so that a run that goes on, and one with other
        processes or workers, sees the same clips.

        Returns:
            The clip, its sample, and the samples that could not be used.

        Raises:
            ConfigError: if ``SUBSTITUTES`` others cannot be used either; about ``i``.
        """
        errors: list[tuple[int, ConfigError]] = []
        for other in chain([i], self._substitutes(position)):
            try:
                return self._clip(other, position, bucket), other, errors
            except ConfigError as error:
                errors.append((other, error))
        raise errors[0][1]

    def _substitutes(self, position: int) -> Iterator[int]:
        generator = seeding.numpy_generator(self.seed, "substitute", position)
        yield from generator.integers(len(self.index), size=SUBSTITUTES).tolist()

    def _note(self, i: int, error: ConfigError) -> None:
        """Say once that sample ``i`` is left out; refuse to go on if too many are."""
        if i in self._unusable:
            return
        self._unusable.add(i)
        say_here(f"left out, and other clips take its place: {error}")
        most = max(1, int(MOST_UNUSABLE * len(self.index)))
        if len(self._unusable) > most:
            raise ConfigError(
                f"{self.index.folder}: {len(self._unusable)} of {len(self.index)} clips cannot be "
                f"used, more than {most}; the last: {error}"
            )

    def _clip(self, i: int, position: int, bucket: Bucket) -> Frames:
        """Sample ``i`` cut in time and space, and flipped, as ``position`` has it."""
        # All numbers are drawn whether they are used or not, so that none depends on another.
        generator = seeding.numpy_generator(self.seed, "clip", position)
        begin, scale, left, top, flip = generator.random(5).tolist()
        clip = read_clip(
            self.index,
            i,
            frames=bucket.frames,
            stride=self.config.frame_stride,
            choose=lambda starts: int(begin * starts),
        )
        clip = cropped(
            clip,
            height=bucket.height,
            width=bucket.width,
            scale=self.config.min_scale + scale * (1 - self.config.min_scale),
            left=left,
            top=top,
            where=self.index.sample(i).key,
        )
        return np.ascontiguousarray(clip[:, :, ::-1]) if flip < self.config.flip else clip


class _Places(Dataset["_Stored | ConfigError"]):
    """(step, slot) pairs as a dataset, so that torch's workers read ahead in their order."""

    def __init__(
        self, clips: TrainingClips, places: Sequence[tuple[int, int]], rollbacks: int
    ) -> None:
        self._clips, self._places, self._rollbacks = clips, places, rollbacks

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, i: int) -> _Stored | ConfigError:
        try:
            return self._clips._stored(*self._places[i], rollbacks=self._rollbacks)
        except ConfigError as error:  # raised by a worker it would arrive as a page of traceback
            return error


def _as_it_is(item: Any) -> Any:
    return item
