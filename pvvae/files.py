"""Writing files so that a kill or a full disk leaves the old one or the new one, whole."""

import errno
import json
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pvvae.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

NOTHING = 2**20
"""Bytes free on a disk that counts as full. Ours: less than any checkpoint, more than rounding."""
REFUSALS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
    errno.EFBIG,
    errno.EIO,
    errno.ESTALE,
)
"""What an operating system says when it does not let one write, or no longer can."""


def write_atomic(path: Path, write: Callable[[Path], None], *, shared: bool = False) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place.

    Args:
        path: replaced if it is there.
        write: fills the file that it is given.
        shared: whether others may write the same file meanwhile; the last to end wins.

    Raises:
        ConfigError: if the disk is full or refuses; ``path`` is as it was before.
    """
    writer = f".{uuid.uuid4().hex}" if shared else ""
    partial = path.with_name(f".{path.name}{writer}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        apply_umask(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException as error:  # an interrupt too: nothing half-written stays behind
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, Exception):
            raise_if_unwritable(error, path)
        raise


def apply_umask(path: Path) -> None:
    """Give a file for its owner alone, as safetensors writes them, the mode of new files there."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return
    # Asking for the umask means to set it, for all threads; a new file tells without.
    new = path.with_name(f".{uuid.uuid4().hex}.partial")
    new.touch()
    try:
        path.chmod(stat.S_IMODE(new.stat().st_mode))
    finally:
        new.unlink()


def write_text(path: Path, text: str, *, shared: bool = False) -> None:
    """Replace a text file atomically; ``shared`` as for :func:`write_atomic`."""

    def write(partial: Path) -> None:
        partial.write_text(text)

    write_atomic(path, write, shared=shared)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file atomically."""

    def write(partial: Path) -> None:
        partial.write_bytes(content)

    write_atomic(path, write)


def write_json(path: Path, data: Any, *, shared: bool = False) -> None:
    """Replace a JSON file atomically; ``shared`` as for :func:`write_atomic`."""
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n", shared=shared)


def raise_if_unwritable(error: Exception, path: Path) -> None:
    """Turn the error of a full or write-protected disk into one line for the user.

    Other errors pass.
    """
    if _means_full(error, path):
        what, advice = "the disk is full", "Free some space"
    elif (number := _number(error)) in REFUSALS:
        what, advice = f"cannot be written ({os.strerror(number)})", "See to that"
    else:
        return
    raise ConfigError(
        f"{path}: {what}; nothing already saved is lost. {advice} and give the same command again"
    ) from None


def _means_full(error: Exception, path: Path) -> bool:
    if _number(error) in (errno.ENOSPC, errno.EDQUOT):
        return True
    # torch.save says at which byte its file is wrong, not why.
    return isinstance(error, RuntimeError) and shutil.disk_usage(path.parent).free < NOTHING


def _number(error: Exception) -> int:
    """The operating system's number of an error, 0 if it has none."""
    if isinstance(error, OSError):
        return error.errno or 0
    found = re.search(r"\(os error (\d+)\)", str(error))  # safetensors
    return int(found[1]) if found else 0


def write_array(path: Path, array: "np.ndarray") -> None:
    """Replace a ``.npy`` file atomically."""
    import numpy as np  # commands that write text start without it

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # numpy would append .npy to a name
            np.save(file, array)

    write_atomic(path, write)
