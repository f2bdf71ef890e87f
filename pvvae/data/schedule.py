"""Which clips, at which resolution, each slot of each step gets: a pure function of seed and place.

In the paper "each process randomly samples a varying number of images or videos based on the
resolution" (section 3.2). Here the unit is a slot, of which a process holds one or several: the
number of processes appears nowhere, so any number of them trains on the same batches, and a run
taken up at step k repeats no step before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from arch.ranges import Count, Length, Pixels, Positive
from pvvae import seeding
from pvvae.config import check_ranges
from pvvae.errors import ConfigError

_FAR = 1 << 40
"""Positions between the data of a run and its data after a rollback: more than any run uses."""
_CHUNK = 1 << 20  # draws hashed at once: 8 MB an array


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One shape of batch. Choose ``batch`` so that all buckets cost about the same time."""

    frames: Length
    """T; 1 is an image."""
    height: Pixels
    width: Pixels
    batch: Count
    """Clips in one slot."""
    weight: Positive = 1.0
    """How often it is drawn, relative to the others of its kind (image or video)."""

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def is_image(self) -> bool:
        """Whether its clips are single frames."""
        return self.frames == 1


@dataclass(frozen=True)
class SlotDraw:
    """What one slot of one step is made of."""

    bucket: Bucket
    positions: NDArray[np.int64]
    """(batch,) places in the endless sequence of samples, each used once in a run."""


class Schedule:
    """The draws of a whole run; lengthening the run changes none of them."""

    def __init__(
        self,
        buckets: Sequence[Bucket],
        *,
        slots: int,
        steps: int,
        num_samples: int,
        seed: int,
        image_ratio: float = 0.0,
    ) -> None:
        """Draw all buckets now: 300K steps of 16 slots take a fifth of a second and 7 MB.

        Args:
            buckets: their order matters to the draw.
            slots: batches in one step.
            num_samples: samples in the dataset; an epoch visits each of them once.
            image_ratio: probability that a step is of images, where there are both kinds of
                bucket. The slots of a step agree: a step's loss has or has not a motion term.

        Raises:
            ConfigError: for an empty dataset or buckets that could never be drawn.
        """
        _check(buckets, num_samples=num_samples, image_ratio=image_ratio)
        self.buckets = tuple(buckets)
        self.slots, self.steps, self.num_samples, self.seed = slots, steps, num_samples, seed
        self._choices = self._choose(image_ratio)
        batches = np.array([bucket.batch for bucket in buckets], np.int64)
        per_step = batches[self._choices].sum(axis=1)
        self._before = np.concatenate([np.zeros(1, np.int64), np.cumsum(per_step)])

    def draw(self, step: int, slot: int, *, rollbacks: int = 0) -> SlotDraw:
        """What ``slot`` gets in ``step``.

        After ``rollbacks`` the shapes are the same and everything else is new: positions that the
        run has not used, with other clips and with other draws for them.

        Raises:
            IndexError: outside ``steps`` and ``slots``.
        """
        if not (0 <= step < self.steps and 0 <= slot < self.slots):
            raise IndexError(f"({step}, {slot}) is not in {self.steps} steps of {self.slots} slots")
        row = self._choices[step]
        bucket = self.buckets[row[slot]]
        first = int(self._before[step]) + sum(self.buckets[i].batch for i in row[:slot])
        first += rollbacks * _FAR
        return SlotDraw(bucket, np.arange(first, first + bucket.batch, dtype=np.int64))

    @property
    def drawn(self) -> int:
        """Samples of all steps together."""
        return int(self._before[-1])

    def clips_in_step(self, step: int) -> int:
        """Clips of all slots together."""
        return int(self._before[step + 1] - self._before[step])

    def sample_ids(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Dataset indices at ``positions``: each epoch is a shuffle of its own."""
        epochs, places = np.divmod(positions, self.num_samples)
        ids = np.empty_like(positions)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            ids[chosen] = shuffled(self.num_samples, seed=self.seed, epoch=int(epoch))[
                places[chosen]
            ]
        return ids

    def _choose(self, image_ratio: float) -> NDArray[np.uint8]:
        """(steps, slots) indices of buckets."""
        weights = np.array([bucket.weight for bucket in self.buckets])
        image = np.array([bucket.is_image for bucket in self.buckets])
        out = np.empty(self.steps * self.slots, np.uint8)
        kinds = np.full(self.steps, bool(image.all()))
        if image.any() and not image.all():
            kinds = _uniform(seeding.key(self.seed, "kind"), 0, self.steps) < image_ratio
        of_images = np.repeat(kinds, self.slots)
        key = seeding.key(self.seed, "bucket")
        for start in range(0, len(out), _CHUNK):
            stop = min(start + _CHUNK, len(out))
            u = _uniform(key, start, stop)  # number step * slots + slot
            for kind in (False, True):
                share = np.where(image == kind, weights, 0.0)
                if share.any():
                    edges = np.cumsum(share) / share.sum()
                    edges[np.nonzero(share)[0][-1] :] = 1.0  # rounding must not reach past the last
                    chosen = of_images[start:stop] == kind
                    out[start:stop][chosen] = np.searchsorted(edges, u[chosen], side="right")
        return out.reshape(self.steps, self.slots)


@lru_cache(maxsize=2)  # a batch can lie across two epochs
def shuffled(count: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of ``count`` that depends on seed and epoch alone.

    By sorting hashes, because numpy does not promise its own shuffles across versions.
    """
    hashes = _hash(seeding.key(seed, "epoch", epoch), 0, count)
    order = np.argsort(hashes, kind="stable")
    order.setflags(write=False)
    return order.astype(np.int64, copy=False)


def _uniform(key: int, start: int, stop: int) -> NDArray[np.float64]:
    """Numbers start .. stop - 1 of the key's sequence in [0, 1)."""
    return (_hash(key, start, stop) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _hash(key: int, start: int, stop: int) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): output number i is a function of key + i."""
    with np.errstate(over="ignore"):
        z = np.arange(start + 1, stop + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _check(buckets: Sequence[Bucket], *, num_samples: int, image_ratio: float) -> None:
    if not 1 <= len(buckets) <= 255:
        raise ConfigError(f"buckets: must have 1 to 255 entries, got {len(buckets)}")
    if num_samples < 1:
        raise ConfigError("the dataset has no samples")
    both = len({bucket.is_image for bucket in buckets}) == 2
    if both and image_ratio in (0, 1):
        never = "image" if image_ratio == 0 else "video"
        raise ConfigError(
            f"image_ratio is {image_ratio:g}, so the {never} buckets are never drawn; "
            "change it or leave them out"
        )
