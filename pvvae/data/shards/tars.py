"""WebDataset tar files: equal contents give equal bytes, and nothing is unpacked to be listed."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from webdataset import TarWriter

from pvvae.data.file_names import is_hidden, printable
from pvvae.errors import ConfigError
from pvvae.files import write_atomic

Members = Mapping[str, bytes]
"""What a sample holds: extension (without the dot) to contents."""


class Extent(NamedTuple):
    """Where a member's contents lie in its tar."""

    offset: int
    size: int


def write_tar(path: Path, samples: Iterable[tuple[str, Members]]) -> None:
    """Write (key, members) samples in order; ``path`` appears whole or not at all.

    Raises:
        ConfigError: if the disk is full.
    """

    def write(partial: Path) -> None:
        with partial.open("wb") as file, TarWriter(file, encoder=False, mtime=0.0) as tar:
            for key, members in samples:
                tar.write({"__key__": key, **members})

    write_atomic(path, write)


def shard_files(folder: Path) -> list[Path]:
    """The tars of a folder by name, hidden ones left out."""
    return sorted(path for path in folder.glob("*.tar") if not is_hidden(path.name))


def list_tar(path: Path) -> dict[str, dict[str, Extent]]:
    """Key -> extension -> extent, in the order of the file.

    WebDataset's naming: the key ends at the first dot of the file name, folders belong to it.
    Hidden members (``._a.mp4`` of a Mac) are left out.

    Raises:
        ConfigError: if the file is no tar, is compressed (no member can be reached without reading
            all before it), or is truncated.
    """
    found: dict[str, dict[str, Extent]] = {}
    try:
        size = path.stat().st_size
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if member.isfile() and not is_hidden(member.name):
                    folder, slash, name = printable(member.name).rpartition("/")
                    stem, _, extension = name.partition(".")
                    extent = Extent(member.offset_data, member.size)
                    if sum(extent) > size:
                        raise ConfigError(f"{path}: truncated inside {folder}{slash}{name}")
                    found.setdefault(folder + slash + stem, {})[extension.lower()] = extent
    except (tarfile.TarError, OSError) as error:
        raise ConfigError(f"{path}: not an uncompressed, whole tar ({error})") from None
    return found


def read_extent(path: Path, extent: Extent) -> bytes:
    """A member's contents.

    Opened for each read: no descriptor is shared with a forked worker or kept for thousands of
    shards, and beside decoding a clip an open costs nothing.

    Raises:
        ConfigError: if the file is missing or shorter than it was.
    """
    try:
        with io.FileIO(path) as file:
            file.seek(extent.offset)
            data = bytearray()
            while len(data) < extent.size:  # one read returns at most 2 GiB
                part = file.read(extent.size - len(data))
                if not part:
                    raise ConfigError(f"{path}: shorter than its index says; copy or pack it again")
                data += part
            return bytes(data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
