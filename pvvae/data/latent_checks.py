"""What files of latents must hold, before anything is made of them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pvvae.config.reading import expected_form
from pvvae.errors import shown

FLOATS = frozenset(("F16", "BF16", "F32", "F64"))
"""Number formats of stored moments, in safetensors' words."""


def check_facts(facts: Mapping[str, Any]) -> None:
    """Refuse facts about latents (mean, std, shape, classes, encoder) that are of other kinds.

    Raises:
        ValueError: naming the first at fault.
        KeyError: if one is missing.
    """
    c, t, h, w = facts["shape"]
    if not all(isinstance(size, int) and size > 0 for size in (c, t, h, w)):
        raise ValueError(f"shape: {shown(facts['shape'])}")
    _check_numbers("mean", facts["mean"], c, least=-math.inf)
    _check_numbers("std", facts["std"], c, least=0.0)
    classes, encoder = facts["classes"], facts["encoder"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError(f"classes: {shown(classes)}")
    clips = facts.get("class_clips")
    if clips is not None and (
        not isinstance(clips, list)
        or len(clips) != len(classes)
        or not all(isinstance(count, int) and count >= 0 for count in clips)
    ):
        raise ValueError(f"class_clips: {shown(clips)} for {len(classes)} classes")
    if not isinstance(encoder, str):
        raise ValueError(f"encoder: {shown(encoder)}")


def _check_numbers(name: str, values: Any, channels: int, *, least: float) -> None:
    """Refuse what is not a finite number for each channel."""
    if not isinstance(values, list) or len(values) != channels:
        raise ValueError(f"{name}: must have a number for each of {channels} channels")
    for value in values:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < least:
            raise ValueError(f"{name}: {shown(value)} among its numbers")


def open_shard(path: Path) -> tuple[Any, Tensor, tuple[int, ...]]:
    """A shard, its labels (N,), and the shape (c, t, h, w) of its moments.

    Raises:
        ConfigError: if it is damaged, a tensor is missing, or not of the shape that others have.
    """
    with expected_form(path, SafetensorError, OSError):
        shard: Any = safe_open(path, framework="pt")
        labels: Tensor = shard.get_tensor("label")
        mean, logvar = (shard.get_slice(name) for name in ("mean", "logvar"))
        shape = tuple(mean.get_shape())
        if len(shape) != 5 or not all(shape) or tuple(logvar.get_shape()) != shape:
            raise ValueError(f"mean and logvar of shapes {shape} and {logvar.get_shape()}")
        if tuple(labels.shape) != shape[:1] or labels.dtype != torch.int64:
            kind = f"{tuple(labels.shape)} {labels.dtype}"
            raise ValueError(f"label of {kind} beside mean of {shape}")
        if {mean.get_dtype(), logvar.get_dtype()} - FLOATS:
            raise ValueError(f"mean and logvar of {mean.get_dtype()} and {logvar.get_dtype()}")
        return shard, labels, shape[1:]
