"""Files of weights in a published folder: one, or shards and an index; a variant has its own.

Named as diffusers names them.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pvvae.config.reading import expected_form, read_object
from pvvae.errors import ConfigError, quoted
from pvvae.files import apply_umask, raise_if_unwritable
from pvvae.pretrained.tensor_files import read_tensors

CONFIG = "config.json"
STEM = "diffusion_pytorch_model"
SAFE = ".safetensors"
SHARD = r"-\d{5}-of-\d{5}"
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
"""Floating types, as the header of a safetensors file names them."""


def name_of(variant: str | None) -> str:
    """The file of weights where there is one."""
    return f"{_stem(variant)}{SAFE}"


def index_of(variant: str | None) -> str:
    """The file that says which shard has which weight."""
    return f"{STEM}{SAFE}.index{'' if variant is None else f'.{variant}'}.json"


def pickle_of(variant: str | None) -> str:
    """What diffusers calls weights as a pickle, which is never opened here."""
    return f"{_stem(variant)}.bin"


def patterns(variant: str | None) -> list[str]:
    """What to ask a hub for."""
    return [CONFIG, name_of(variant), f"{_stem(variant)}-*{SAFE}", index_of(variant)]


def find(folder: Path, variant: str | None) -> list[Path]:
    """The files that hold the weights; none where there are none. An index goes before a file.

    Raises:
        ConfigError: if an index is damaged, or names what is no safetensors file beside it.
    """
    # diffusers reads some of other names too, so all are looked at.
    named = {path.name: _shards(path) for path in sorted(folder.glob(f"{STEM}*.json"))}
    if index_of(variant) in named:
        return [folder / name for name in named[index_of(variant)]]
    alone = folder / name_of(variant)
    return [alone] if alone.is_file() else []


def read(folder: Path, variant: str | None) -> dict[str, Tensor]:
    """All weights.

    Raises:
        ConfigError: if a file is missing, a pickle, damaged or holds what is not finite.
    """
    weights: dict[str, Tensor] = {}
    for path in find(folder, variant) or [missing(folder, variant)]:
        weights |= read_tensors(path)
    return weights


def stored_dtype(files: Sequence[Path]) -> torch.dtype | None:
    """The widest floating type among stored weights; None where there is none.

    Raises:
        ConfigError: if a file is damaged.
    """
    found: set[torch.dtype] = set()
    for path in files:
        with expected_form(path, SafetensorError), safe_open(path, framework="pt") as file:
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        found |= {DTYPES[kind] for kind in kinds if kind in DTYPES}
    return max(found, key=lambda dtype: (dtype.itemsize, str(dtype)), default=None)


def missing(folder: Path, variant: str | None) -> Path:
    """The file that should have been there.

    Raises:
        ConfigError: if there are other variants, naming them.
    """
    path = folder / name_of(variant)
    if others := sorted(_variants(folder)):
        raise ConfigError(f"{path}: no such file; there is {', '.join(others)}: name the variant")
    return path


def remove_others(folder: Path, keep: set[str], *, variant: str | None) -> None:
    """Remove what an earlier save left of a variant's weights, the index before its shards."""
    ours = re.compile(rf"{re.escape(_stem(variant))}({SHARD})?{re.escape(SAFE)}")
    index = index_of(variant)
    for path in sorted(folder.iterdir(), key=lambda path: path.name != index):
        if path.name not in keep and (path.name == index or ours.fullmatch(path.name)):
            path.unlink()


@contextmanager
def placing(folder: Path, *, variant: str | None) -> Iterator[Path]:
    """An empty folder to fill with weights and a config, which then go to their places.

    A kill leaves the old files or the new ones, but for shards in the place of shards: there a
    folder may be left that has no index, and is refused as one without weights.

    Args:
        folder: where those are.
        variant: of the weights.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    partial = folder / f".{uuid4().hex}.partial"
    try:
        partial.mkdir(parents=True)
        yield partial
        for path in partial.iterdir():
            apply_umask(path)
            with path.open("rb") as file:
                os.fsync(file.fileno())
        _place(partial, folder, variant)
    except Exception as error:
        raise_if_unwritable(error, folder)
        raise
    finally:
        rmtree(partial, ignore_errors=True)


def _place(partial: Path, folder: Path, variant: str | None) -> None:
    index = index_of(variant)
    names = {path.name for path in partial.iterdir()}
    if index in names:
        (folder / index).unlink(missing_ok=True)
    # Weights, then what says how to read them: with its config a new folder is whole.
    for name in sorted(names, key=lambda name: (name == index, name == CONFIG)):
        os.replace(partial / name, folder / name)
    remove_others(folder, names, variant=variant)


def _stem(variant: str | None) -> str:
    return STEM if variant is None else f"{STEM}.{variant}"


def _shards(path: Path) -> list[str]:
    with expected_form(path, json.JSONDecodeError):
        names = sorted(set(read_object(path)["weight_map"].values()))
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(SAFE):
            raise ConfigError(f"{path}: names {quoted(name)}, which is not a {SAFE} file beside it")
    return names


def _variants(folder: Path) -> set[str]:
    alone = re.compile(rf"{STEM}\.([^.]+){re.escape(SAFE)}")
    sharded = re.compile(rf"{STEM}{re.escape(SAFE)}\.index\.([^.]+)\.json")
    found = [kind.fullmatch(path.name) for path in folder.glob("*") for kind in (alone, sharded)]
    return {match[1] for match in found if match}
