"""Weights of others: read without running anything, and held against the network they are for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

SAFE = ".safetensors"


def read_weights(path: Path, *, trusted_pickle: bool = False) -> dict[str, Any]:
    """The tensors of a safetensors file, or whatever is in a pickle, if that is trusted.

    A pickle is read with ``weights_only``, which builds tensors and plain containers alone.

    Raises:
        ValueError: in one line, for a file that is missing, damaged or not to be opened.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.suffix == SAFE:
        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise ValueError(f"{path}: not a whole safetensors file ({error})") from None
    if not trusted_pickle:
        raise ValueError(
            f"{path}: is no {SAFE} file, and a pickle may run code when it is opened; convert it, "
            "or say trusted_pickle: true"
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged pickle makes of it
        raise ValueError(f"{path}: cannot be read as weights alone: {_line(error)}") from None
    if not isinstance(found, Mapping):
        raise ValueError(f"{path}: holds a {type(found).__name__}, not weights by name")
    return dict(found)


def check_fits(weights: Mapping[str, Any], network: nn.Module, *, where: Path) -> None:
    """Refuse weights that are not exactly those of ``network``.

    Raises:
        ValueError: naming the first that is missing, unknown, of another shape or not finite.
    """
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    for name in sorted(wanted.keys() | weights.keys()):
        found = weights.get(name)
        shape = found.shape if isinstance(found, Tensor) else None
        if shape is None or shape != wanted.get(name):
            raise ValueError(
                f"{where}: {name} is {_shape(shape)}, the network's is {_shape(wanted.get(name))}"
            )
        if not bool(weights[name].isfinite().all()):
            raise ValueError(f"{where}: {name} is not finite")


def _shape(shape: torch.Size | None) -> str:
    return "absent" if shape is None else "x".join(map(str, shape)) or "one number"


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
