"""What is wrong with the files of a run: one damaged run is one row, and not the page's end."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pvvae.config.reading import expected_form, read_json, read_object
from pvvae.errors import ConfigError, shown
from pvvae.run.folder import read_config, read_metrics

PROVENANCE: Mapping[str, type] = {
    "command": str,
    "commit": str,
    "python": str,
    "packages": dict,
    "processes": int,
    "started": str,
}
"""What a run says of how it was made; each may be missing or null."""


def damage_of(folder: Path) -> str:
    """A line about the first file of a run that no run writes; empty if all can be read."""
    try:
        read_config(folder)
        read_metrics(folder)
        _check_provenance(folder / "provenance.json")
        _check_labels(folder / "labels.json")
        _check_clips(folder / "clips")
    except ConfigError as error:
        return str(error)
    return ""


def _check_provenance(path: Path) -> None:
    if not path.exists():
        return
    data = read_object(path)
    for key, kind in PROVENANCE.items():
        value = data.get(key)
        if value is not None and not isinstance(value, kind):
            raise ConfigError(f"{path}: damaged: {key} is {shown(value)}")
    if not all(isinstance(number, str) for number in (data.get("packages") or {}).values()):
        raise ConfigError(f"{path}: damaged: a package's version is not text")


def _check_labels(path: Path) -> None:
    if path.exists() and not isinstance(read_json(path), list):
        raise ConfigError(f"{path}: damaged: must hold a list of classes")


def _check_clips(folder: Path) -> None:
    """Look at the headers of all clips: those of one number show the same clip."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.npy")):
        with expected_form(path, OSError, EOFError):
            clip: Any = np.load(path, mmap_mode="r", allow_pickle=False)
            if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[-1] != 3:
                raise ValueError(f"{clip.dtype} {clip.shape}, not uint8 (T, H, W, 3)")
            if not re.fullmatch(r"\d+(_\w+)?", path.stem, re.ASCII):
                continue
            number = path.stem.split("_")[0]
            if shapes.setdefault(number, clip.shape) != clip.shape:
                raise ValueError(f"{clip.shape}, others of clip {number} are {shapes[number]}")
