"""What an index says about shards: one row a sample, kept as columns, and its file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError
from pvvae.files import write_text

FORMAT = "pvvae-shards-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample and where its pixels are. Sizes are 0 where nobody has looked yet."""

    key: str
    shard: int
    extension: str
    offset: int
    size: int
    label: int
    """Index into the classes; -1 for none."""
    source: str
    """The video that the clip was cut from."""
    start: int
    """First frame: of an array, in that video; of a video file, in the file."""
    frames: int
    height: int
    width: int
    fps: float


@dataclass(frozen=True, kw_only=True)
class Reject:
    """Something that was left out, and why."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One tar file."""

    name: str
    size: int
    sha256: str
    """Empty for foreign shards: hashing terabytes proves nothing about files we did not make."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything an index knows."""

    shards: tuple[Shard, ...]
    classes: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    """A field of :class:`Sample` for all samples; text is UTF-8 bytes."""
    rejects: tuple[Reject, ...] = ()


def columns_of(samples: Iterable[Sample]) -> dict[str, NDArray[Any]]:
    """Samples as one array a field."""
    rows = list(samples)
    return {f.name: _column(f.type, [getattr(row, f.name) for row in rows]) for f in fields(Sample)}


def _column(kind: Any, values: Sequence[Any]) -> NDArray[Any]:
    if kind is str:
        return np.array([value.encode() for value in values], dtype=np.bytes_)
    return np.array(values, np.float64 if kind is float else np.int64)


def save_contents(path: Path, contents: Contents, *, settings: Mapping[str, Any]) -> None:
    """Write an index; equal contents give equal bytes.

    Raises:
        ConfigError: if the disk is full.
    """
    columns = {
        name: (np.char.decode(column, "utf-8") if column.dtype.kind == "S" else column).tolist()
        for name, column in contents.columns.items()
    }
    parts = {
        "format": FORMAT,
        "settings": dict(settings),
        "classes": contents.classes,
        "shards": [vars(shard) for shard in contents.shards],
        "rejects": [vars(reject) for reject in contents.rejects],
        "samples": columns,
    }
    lines = (f"{json.dumps(name)}: {json.dumps(part)}" for name, part in parts.items())
    write_text(path, "{" + ",\n".join(lines) + "}\n")


def read_index(path: Path) -> dict[str, Any] | None:
    """The plain data of an index; None if there is none at ``path``, or it is another program's."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("format") == FORMAT else None


def check_no_other_index(folder: Path) -> None:
    """Refuse to make shards where another index would be replaced.

    Raises:
        ConfigError: naming it.
    """
    path = folder / "index.json"
    if path.exists():
        raise ConfigError(
            f"{path}: is another program's, or damaged; choose another folder or remove it"
        )


def load_contents(path: Path) -> Contents | None:
    """What :func:`save_contents` wrote; None as :func:`read_index`."""
    data = read_index(path)
    if data is None:
        return None
    return Contents(
        shards=tuple(Shard(**shard) for shard in data["shards"]),
        classes=tuple(data["classes"]),
        columns={f.name: _column(f.type, data["samples"][f.name]) for f in fields(Sample)},
        rejects=tuple(Reject(**reject) for reject in data["rejects"]),
    )
