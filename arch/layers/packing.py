"""Clips of several lengths and resolutions in one row of tokens."""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor


def pack(batches: Sequence[Tensor]) -> Tensor:
    """Batches (B, t, h, w, D), each of its own sizes -> all their tokens (1, N, D)."""
    return torch.cat([x.flatten(0, 3) for x in batches])[None]


def unpack(tokens: Tensor, batches: Sequence[Tensor]) -> list[Tensor]:
    """The tokens (1, N, D) in the sizes of what was packed."""
    shapes = [x.shape[:4] for x in batches]
    parts = torch.split(tokens[0], [prod(shape) for shape in shapes])
    return [part.view(*shape, -1) for part, shape in zip(parts, shapes, strict=True)]
