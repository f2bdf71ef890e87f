"""A folder of diffusers: ``config.json`` beside safetensors, never a pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from arch.interop.weights import check_fits, read_tensors

CONFIG = "config.json"
WEIGHTS = "diffusion_pytorch_model.safetensors"
"""File names that diffusers gives."""


def read_arguments(folder: Path, cls: Any) -> dict[str, Any]:
    """Arguments of ``cls`` in a folder, its defaults among them.

    Raises:
        ValueError: in one line, for a folder that is not one of ``cls``.
    """
    return dict(_on_meta(folder, cls).config)


def read_network(folder: Path, cls: Any) -> dict[str, Tensor]:
    """Weights in a folder, under the names of ``cls``, in fp32.

    Raises:
        ValueError: in one line, for weights that are not those of ``cls``, whole and finite.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise ValueError(f"{folder}: has no {WEIGHTS}, the only file of weights that is read")
    weights = read_tensors(path)
    check_fits(weights, _on_meta(folder, cls), where=path)
    return {name: value.float() for name, value in weights.items()}


def write_folder(
    folder: Path, cls: Any, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """What diffusers' own ``from_pretrained`` reads."""
    with torch.device("meta"):
        network = cls(**arguments)
    network.load_state_dict(dict(weights), assign=True)
    network.save_pretrained(folder)


def _on_meta(folder: Path, cls: Any) -> Any:
    path = folder / CONFIG
    if not path.is_file():
        raise ValueError(f"{folder}: has no {CONFIG}; name the folder of the VAE itself")
    try:
        plain = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(plain, dict):
        raise ValueError(f"{path}: must hold a mapping")
    name = plain.get("_class_name")
    if name != cls.__name__:
        raise ValueError(f"{path}: holds the class {name}, but {cls.__name__} is needed")
    arguments = {key: value for key, value in plain.items() if not key.startswith("_")}
    try:
        with torch.device("meta"):
            return cls(**arguments)
    except (TypeError, ValueError, AssertionError) as error:
        raise ValueError(f"{path}: {cls.__name__} takes no such sizes ({error})") from None
