"""What an index says about shards: one row a sample, kept as columns, and its file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from pvvae.errors import ConfigError, shown
from pvvae.files import write_text
from pvvae.reading import expected_form, read_json

FORMAT = "pvvae-shards-1"
FORMATS = "pvvae-shards-"
"""How other versions' formats begin."""


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


RowT = TypeVar("RowT", Reject, Shard)


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
    """The plain data of an index; None if there is none at ``path``, or it is another program's.

    Raises:
        ConfigError: if it cannot be read, is of another version, or has no settings.
    """
    if not path.exists():
        return None
    data = read_json(path)
    form = data.get("format") if isinstance(data, dict) else None
    if not isinstance(form, str) or not form.startswith(FORMATS):
        return None
    if form != FORMAT:
        raise ConfigError(f"{path}: of format {shown(form)}, this version reads {FORMAT}")
    if not isinstance(data.get("settings"), dict):
        raise ConfigError(f"{path}: damaged: settings must be a mapping")
    return dict(data)


def load_contents(path: Path) -> Contents | None:
    """What :func:`save_contents` wrote; None as :func:`read_index`.

    Raises:
        ConfigError: as :func:`read_index`, and if a part is missing, of another kind, or points to
            where nothing is.
    """
    data = read_index(path)
    if data is None:
        return None
    with expected_form(path):
        contents = Contents(
            shards=tuple(_checked(Shard(**shard)) for shard in data["shards"]),
            classes=tuple(_text(name) for name in data["classes"]),
            columns={f.name: _read_column(f.type, data["samples"][f.name]) for f in fields(Sample)},
            rejects=tuple(_checked(Reject(**reject)) for reject in data["rejects"]),
        )
        _check_places(contents)
    return contents


def _check_places(contents: Contents) -> None:
    """Refuse rows that point outside the shards or the classes.

    Raises:
        ValueError: naming the column.
    """
    columns = contents.columns
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("columns of different lengths")
    for shard in contents.shards:
        if Path(shard.name).name != shard.name or "\0" in shard.name:
            raise ValueError(f"the shard {shown(shard.name)} is in another folder")
    sizes = np.array([shard.size for shard in contents.shards], np.int64)
    if not len(columns["key"]):
        raise ValueError("no samples")
    bounds = {"shard": (0, len(sizes) - 1), "label": (-1, len(contents.classes) - 1)}
    for name, column in columns.items():
        if column.dtype.kind == "S":
            continue
        low, high = bounds.get(name, (0, np.inf))
        if not ((column >= low) & (column <= high)).all():
            raise ValueError(f"{name}: a value out of its range")
    if (columns["offset"] > sizes[columns["shard"]] - columns["size"]).any():
        raise ValueError("offset: a sample that ends beyond its shard")


def _read_column(kind: Any, values: Any) -> NDArray[Any]:
    """A column as JSON has it.

    Raises:
        TypeError: if it is no list, or a value is not of its kind.
    """
    allowed: Any = int | float if kind is float else kind
    if not isinstance(values, list) or not all(
        isinstance(value, allowed) and not isinstance(value, bool) for value in values
    ):
        raise TypeError(f"a column of {kind.__name__} has other values")
    return _column(kind, values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} is no text")
    return value


def _checked(row: RowT) -> RowT:
    """A row whose values are of the kinds that it declares.

    Raises:
        TypeError: if one is not.
    """
    for field in fields(row):
        value = getattr(row, field.name)
        if not isinstance(value, cast("type[Any]", field.type)) or isinstance(value, bool):
            raise TypeError(f"{field.name}: {shown(value)} is of another kind")
    return row
