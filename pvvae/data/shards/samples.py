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
OURS = frozenset(("settings", "classes", "shards", "samples"))
"""Keys that together tell an index of ours from another program's of the same name."""
_ADVICE = "copy the folder again, or delete it and make it again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample and where its pixels are. Sizes are 0 until the sample is read."""

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
        return np.array(
            [value.encode("utf-8", "backslashreplace") for value in values], dtype=np.bytes_
        )
    return np.array(values, np.float64 if kind is float else np.int64)


def save_contents(
    path: Path, contents: Contents, *, settings: Mapping[str, Any], shared: bool = False
) -> None:
    """Write an index; equal contents give equal bytes. ``shared`` as for ``write_atomic``.

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
    write_text(path, "{" + ",\n".join(lines) + "}\n", shared=shared)


def read_index(path: Path) -> dict[str, Any] | None:
    """The plain data of an index; None if there is none at ``path``, or it is another program's.

    Raises:
        ConfigError: if there is one that cannot be read, or an index of ours in another format.
    """
    try:
        data = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if not isinstance(data, dict) or not (data.keys() >= OURS or _names_us(data)):
        return None
    if data.get("format") != FORMAT:
        found = repr(data.get("format"))[:40]
        raise ConfigError(
            f"{path}: its format is {found}, but this version reads {FORMAT!r}; {_ADVICE}"
        )
    if not isinstance(data.get("settings"), dict):
        raise _unreadable(path, TypeError("its settings are not an object"))
    return data


def check_no_other_index(folder: Path) -> None:
    """Refuse to make shards where another index would be replaced.

    Raises:
        ConfigError: naming it.
    """
    path = folder / "index.json"
    if path.exists():
        raise ConfigError(
            f"{path}: made by another program, or damaged; choose another folder or remove it"
        )


def load_contents(path: Path) -> Contents | None:
    """What :func:`save_contents` wrote; None as :func:`read_index`.

    Raises:
        ConfigError: as :func:`read_index`, and for an index of another shape.
    """
    data = read_index(path)
    if data is None:
        return None
    try:
        contents = Contents(
            shards=tuple(Shard(**shard) for shard in data["shards"]),
            classes=tuple(data["classes"]),
            columns={f.name: _column(f.type, data["samples"][f.name]) for f in fields(Sample)},
            rejects=tuple(Reject(**reject) for reject in data["rejects"]),
        )
        _check(contents)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _unreadable(path, error) from None
    return contents


def _names_us(data: dict[str, Any]) -> bool:
    return str(data.get("format")).startswith(FORMAT.partition("-")[0])


def _unreadable(path: Path, error: Exception) -> ConfigError:
    said = " ".join(str(error).split())[:80]
    return ConfigError(f"{path}: cannot be read ({type(error).__name__}: {said}); {_ADVICE}")


def _check(contents: Contents) -> None:
    """Refuse rows that point nowhere.

    Raises:
        ValueError: saying which.
    """
    columns = contents.columns
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError("its columns are not equally long")
    if any(column.ndim != 1 for column in columns.values()) or not len(columns["key"]):
        raise ValueError("it lists no samples")
    bounds = {"shard": len(contents.shards), "label": len(contents.classes)}
    for name in ("shard", "label", "offset", "size", "start", "frames", "height", "width"):
        least, most = columns[name].min(), columns[name].max()
        if least < -(name == "label") or most >= bounds.get(name, most + 1):
            raise ValueError(f"a {name} is out of range")
    names = [*contents.classes, *(shard.name for shard in contents.shards)]
    names += [text for reject in contents.rejects for text in (reject.source, reject.reason)]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("a name is not text")
    if any(Path(shard.name).name != shard.name for shard in contents.shards):
        raise ValueError("a shard lies in another folder")
