"""Nested subsets of shards: an index of fewer samples beside links to the same tars.

Samples are ranked by a hash of seed and key, and a fraction takes the lowest ranks, rounded down.
So of one folder and one seed each smaller subset lies within each larger one, whatever the
fractions; and half of a half is the quarter.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae import seeding
from pvvae.config import differences
from pvvae.data.shards.index import PACKED_INDEX, SUBSET, ShardIndex
from pvvae.data.shards.samples import read_index, save_contents
from pvvae.errors import ConfigError
from pvvae.files import raise_if_unwritable, write_json


@dataclass(frozen=True, kw_only=True)
class Subset:
    """What was taken of what."""

    source: str
    """The folder, as it was named."""
    source_samples: int
    source_digest: str
    """Digest of all keys in the source."""
    fraction: str
    seed: int
    unique_samples: int
    keys_digest: str
    """Digest of the keys that were taken."""

    def __str__(self) -> str:
        return (
            f"{self.unique_samples} of {self.source_samples} samples of {self.source} "
            f"({self.fraction}, seed {self.seed})"
        )


def make_subset(source: Path, out: Path, *, fraction: Fraction, seed: int) -> Subset:
    """Make ``out`` a folder of shards with a fraction of the samples of ``source``.

    No clip is copied: the tars are linked, and the index alone says which samples there are. All
    shards stay, so that as many processes can read them.

    Raises:
        ConfigError: for a fraction outside (0, 1] or one that leaves no sample, for no shards, and
            where ``out`` holds something else or cannot be written.
    """
    index = ShardIndex.open(source)
    if out.resolve() == source.resolve():
        raise ConfigError(f"{out}: is the source; choose another folder for the subset")
    chosen = lowest(index.column("key"), fraction=fraction, seed=seed)
    keys = index.column("key")
    subset = Subset(
        source=str(source),
        source_samples=len(index),
        source_digest=keys_digest(keys),
        fraction=str(fraction),
        seed=seed,
        unique_samples=len(chosen),
        keys_digest=keys_digest(keys[chosen]),
    )
    identity = {"subset": vars(subset)}
    known = read_index(out / PACKED_INDEX)
    if known is not None:
        _check_same(out, known["settings"], identity)
        return subset
    for shard in index.shards:
        link_tar(source / shard.name, out / shard.name)
    write_json(out / SUBSET, vars(subset))
    save_contents(out / PACKED_INDEX, index.only(chosen), settings=identity)
    return subset


def lowest(keys: NDArray[np.bytes_], *, fraction: Fraction, seed: int) -> NDArray[np.int64]:
    """Places, in order, of the keys whose hashes rank lowest: ``fraction`` of them, rounded down.

    Raises:
        ConfigError: for a fraction outside (0, 1], or one that leaves none.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(f"--fraction: must be above 0 and at most 1, got {fraction}")
    count = int(fraction * len(keys))
    if count == 0:
        raise ConfigError(
            f"--fraction: {fraction} of {len(keys)} samples is none; "
            f"the least is 1/{len(keys)}, which is one"
        )
    hashes = [seeding.key(seed, "subset", key.decode()) for key in keys.tolist()]
    ranked = np.argsort(np.array(hashes, np.int64), kind="stable")
    return np.sort(ranked[:count]).astype(np.int64)


def keys_digest(keys: Iterable[bytes]) -> str:
    """One sha256 for a set of keys, whatever their order."""
    return hashlib.sha256(b"\n".join(sorted(keys))).hexdigest()


def _check_same(out: Path, there: dict[str, Any], identity: dict[str, Any]) -> None:
    changed = differences(there, identity)
    if changed:
        raise ConfigError(
            f"{out}: holds something else ({changed[0]}); choose another folder or delete this one"
        )


def link_tar(tar: Path, link: Path) -> None:
    """Give the tar a second name by a hard link; between disks, by a symbolic one.

    Raises:
        ConfigError: if something else has that name, or the disk refuses.
    """
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.exists() and link.samefile(tar):
            return
        try:
            os.link(tar.resolve(), link)
        except FileExistsError:
            raise ConfigError(f"{link}: is in the way; choose another folder") from None
        except OSError:
            link.symlink_to(tar.resolve())
    except OSError as error:
        raise_if_unwritable(error, link)
        raise
