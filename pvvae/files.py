"""Writing files so that a kill or a full disk leaves the old one or the new one, whole."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pvvae.errors import ConfigError

NOTHING = 2**20
"""Bytes free on a disk that counts as full. Ours: less than any checkpoint, more than rounding."""


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in place.

    Raises:
        ConfigError: if the disk is full; ``path`` is as it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except Exception as error:
        partial.unlink(missing_ok=True)
        raise_if_disk_full(error, path)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace a text file atomically."""

    def write(partial: Path) -> None:
        partial.write_text(text)

    write_atomic(path, write)


def write_json(path: Path, data: Any) -> None:
    """Replace a JSON file atomically."""
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n")


def raise_if_disk_full(error: Exception, path: Path) -> None:
    """Turn "no space left" into the user's one line; other errors pass."""
    if _means_full(error, path):
        raise ConfigError(
            f"{path}: the disk is full; nothing already saved is lost. "
            "Free some space and give the same command again"
        ) from None


def _means_full(error: Exception, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if f"(os error {errno.ENOSPC})" in str(error) or f"(os error {errno.EDQUOT})" in str(error):
        return True  # safetensors
    # torch.save says at which byte its file is wrong, not why.
    return isinstance(error, RuntimeError) and shutil.disk_usage(path.parent).free < NOTHING


def write_array(path: Path, array: np.ndarray) -> None:
    """Replace a ``.npy`` file atomically."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # numpy would append .npy to a name
            np.save(file, array)

    write_atomic(path, write)
