"""Which sources have the same content, whatever they are called."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pvvae.config.reading import file_digest
from pvvae.data.packing.sources import Source, frame_files

SAMPLED = 2**16
"""Bytes at either end of a file that its key is made of. Ours: what differs only in between gets
one key, which puts it on one side of a split and changes nothing else."""


def content_key(source: Source) -> str:
    """Equal for equal content; by little of it, so that terabytes need not be read.

    A source that cannot be read has its name for content.
    """
    digest = hashlib.sha256(json.dumps([source.start, source.stop]).encode())
    try:
        for path in _files(source):
            digest.update(_ends(path))
    except OSError:
        digest.update(json.dumps(source.name).encode())
    return digest.hexdigest()


def same_content(sources: Sequence[Source], keys: dict[str, str]) -> list[tuple[str, ...]]:
    """Names of sources that are equal to the last byte, together, in the order of ``sources``.

    Args:
        sources: to compare.
        keys: of each, by name.
    """
    found: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for key in keys.values():
        counts[key] = counts.get(key, 0) + 1
    for source in sources:
        if counts[keys[source.name]] > 1:
            found.setdefault(_whole(source), []).append(source.name)
    return [tuple(names) for names in found.values() if len(names) > 1]


def _whole(source: Source) -> str:
    digest = hashlib.sha256(json.dumps([source.start, source.stop]).encode())
    try:
        for path in _files(source):
            digest.update(bytes.fromhex(file_digest(path)))
    except OSError:
        return source.name
    return digest.hexdigest()


def _files(source: Source) -> Iterable[Path]:
    return frame_files(source) if source.path.is_dir() else [source.path]


def _ends(path: Path) -> bytes:
    """Size, first and last bytes."""
    if not path.is_file():
        raise OSError
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(SAMPLED)
        file.seek(max(size - SAMPLED, 0))
        return size.to_bytes(8, "big") + head + file.read(SAMPLED)
