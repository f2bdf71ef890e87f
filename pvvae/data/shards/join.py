"""Several folders of shards as one: links to their tars, and one index of all samples."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.config import differences
from pvvae.data.shards.index import PACKED_INDEX, ShardIndex
from pvvae.data.shards.samples import Contents, Sample, Shard, read_index, save_contents
from pvvae.data.shards.subset import keys_digest, link_tar
from pvvae.errors import ConfigError

COLUMNS = tuple(field.name for field in fields(Sample))


def join_shards(sources: Sequence[Path], out: Path) -> int:
    """Make ``out`` a folder of shards with all samples of ``sources``; how many.

    No clip is copied. A folder that is named twice counts twice. Classes of one name are one class;
    if a folder has none, no label of any is used.

    Raises:
        ConfigError: for no shards, or where ``out`` holds something else or cannot be written.
    """
    if out.resolve() in [source.resolve() for source in sources]:
        raise ConfigError(f"{out}: is one of the sources; choose another folder")
    indexes = [ShardIndex.open(source) for source in sources]
    identity = {
        "joined": [
            {"source": str(source), "samples": len(index), "keys": keys_digest(index.column("key"))}
            for source, index in zip(sources, indexes, strict=True)
        ]
    }
    known = read_index(out / PACKED_INDEX)
    if known is not None:
        changed = differences(known["settings"], identity)
        if changed:
            raise ConfigError(
                f"{out}: holds something else ({changed[0]}); choose another folder or delete it"
            )
        return sum(map(len, indexes))
    shards = []
    for number, (source, index) in enumerate(zip(sources, indexes, strict=True)):
        for shard in index.shards:
            name = f"{number:02d}-{shard.name}"
            link_tar(source / shard.name, out / name)
            shards.append(Shard(name=name, size=shard.size, sha256=shard.sha256))
    contents = Contents(shards=tuple(shards), **_samples(indexes))
    save_contents(out / PACKED_INDEX, contents, settings=identity)
    return sum(map(len, indexes))


def _samples(indexes: Sequence[ShardIndex]) -> dict[str, Any]:
    """Classes and columns of all samples, in the order of their folders."""
    labelled = all((index.column("label") >= 0).all() for index in indexes)
    names = sorted({name for index in indexes for name in index.classes}) if labelled else []
    place = {name: number for number, name in enumerate(names)}
    parts: list[dict[str, NDArray[Any]]] = []
    shards = 0
    for number, index in enumerate(indexes):
        columns = {name: index.column(name) for name in COLUMNS}
        columns["shard"] = columns["shard"] + shards
        columns["key"] = np.char.add(f"{number:02d}-".encode(), columns["key"])
        label = columns["label"]
        if labelled:
            columns["label"] = np.array([place[name] for name in index.classes], np.int64)[label]
        else:
            columns["label"] = np.full_like(label, -1)
        parts.append(columns)
        shards += index.num_shards
    columns = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    return {"classes": tuple(names), "columns": columns}
