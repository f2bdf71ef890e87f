"""Weights from disk: read without running anything, whole, finite, of the right network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

SAFE = ".safetensors"
PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
"""Endings under which weights are kept as pickles."""
PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How such files begin: torch.save's zip, or a pickle of protocol 2 to 5."""
HEADER = 8
"""Bytes before the brace that every safetensors file has there: the header's length."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file.

    Raises:
        ValueError: in one line, if the file is missing, a pickle (which is never opened), cut
            short, or holds a number that is not finite; the line names the first such tensor.
    """
    tensors = _load(path)
    check_finite(tensors, where=path)
    return tensors


def read_weights(path: Path, *, trusted_pickle: bool = False) -> dict[str, Any]:
    """The tensors of a safetensors file, or whatever is in a pickle, if that is trusted.

    A pickle is read with ``weights_only``, which builds tensors and plain containers alone. Whether
    numbers are finite is not looked at.

    Raises:
        ValueError: in one line, for a file that is missing, damaged or not to be opened.
    """
    if path.suffix == SAFE or not path.is_file():
        return dict(_load(path))
    if not trusted_pickle:
        raise ValueError(
            f"{path}: not a {SAFE} file, and a pickle may run code when it is opened; convert "
            "it, or set trusted_pickle: true if you trust it"
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged pickle makes of it
        raise ValueError(f"{path}: cannot be read as weights alone: {_line(error)}") from None
    if not isinstance(found, Mapping):
        raise ValueError(f"{path}: holds a {type(found).__name__}, not weights by name")
    return dict(found)


def check_finite(tensors: Mapping[str, Tensor], *, where: Path | str) -> None:
    """Refuse weights that can only make everything after them NaN.

    Raises:
        ValueError: naming the first tensor at fault.
    """
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        # Of numbers of one byte torch knows little more than how to make others of them.
        finite = (tensor.float() if tensor.element_size() == 1 else tensor).isfinite()
        if not finite.all():
            bad = tensor.numel() - int(finite.sum())
            raise ValueError(
                f"{where}: {name} has {bad} of {tensor.numel()} numbers that are NaN or infinite"
            )


def check_fits(weights: Mapping[str, Any], network: nn.Module, *, where: Path | str) -> None:
    """Refuse weights that are not exactly those of ``network``.

    Raises:
        ValueError: naming the first that is missing, no tensor, of another shape, or without a
            place.
    """
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in weights:
            raise _another(where, f"it lacks {name}")
        found = weights[name]
        if not isinstance(found, Tensor):
            raise _another(where, f"{name} is a {type(found).__name__}, not a tensor")
        if found.shape != tensor.shape:
            raise _another(
                where, f"{name} is {tuple(found.shape)} there, {tuple(tensor.shape)} here"
            )
    for name in weights:
        if name not in wanted:
            raise _another(where, f"it has {name}, which the network lacks")


def _another(where: Path | str, why: str) -> ValueError:
    return ValueError(f"{where}: weights of another architecture: {why}")


def _load(path: Path) -> dict[str, Tensor]:
    _refuse_pickles(path)
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        line = " ".join(str(error).split())
        raise ValueError(
            f"{path}: not a whole safetensors file ({line}); copy or export it again"
        ) from None
    return tensors


def _refuse_pickles(path: Path) -> None:
    if not path.is_file():
        others = sorted(p.name for p in path.parent.glob("*") if p.suffix in PICKLES)
        if others:
            raise _pickle(path.parent / others[0], f"there is no {path.name} beside it")
        raise ValueError(f"{path}: no such file")
    with path.open("rb") as file:
        begin = file.read(HEADER + 1)
    other = begin.startswith(PICKLED) and begin[HEADER:] not in (b"{", b"")  # may be cut short
    if path.suffix in PICKLES or other:
        raise _pickle(path, "safetensors are expected here")


def _pickle(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{path}: a pickle is not opened, because it may run code, and {why}; if you trust "
        "it, convert it with safetensors.torch.save_file"
    )


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
