"""Rotary positions along time, height and width."""

import torch
from torch import Tensor


def split_head(head_dim: int) -> tuple[int, int, int]:
    """How many of a head's ``head_dim / 2`` pairs turn with time, height and width.

    A quarter goes to time and the rest to space in equal parts: 16, 24, 24 of a 128-wide head.

    Raises:
        ValueError: if the head is too narrow or of odd width.
    """
    if head_dim % 2 or head_dim < 8:
        raise ValueError(f"a head must be an even number of channels, at least 8, got {head_dim}")
    space = head_dim * 3 // 16
    return head_dim // 2 - 2 * space, space, space


def angles(
    grid: tuple[int, int, int],
    *,
    head_dim: int,
    base: float,
    device: torch.device,
    start: int | Tensor = 0,
) -> Tensor:
    """Angle of every pair at every position of a (t, h, w) grid: (t * h * w, head_dim / 2).

    ``start`` is the index in time at which the grid begins, a tensor in graphs that hold for any.

    Positions are absolute indices: normalising them by the grid would make a network wrong at
    every size but the one it was trained on, and a prefix different from the whole.
    """
    parts = []
    for axis, (length, pairs) in enumerate(zip(grid, split_head(head_dim), strict=True)):
        frequencies = base ** -(torch.arange(pairs, device=device, dtype=torch.float32) / pairs)
        index = torch.arange(length, device=device, dtype=torch.float32)
        index = index + start if axis == 0 else index
        shape = [length if i == axis else 1 for i in range(3)]
        part = torch.outer(index, frequencies).view(*shape, pairs)
        parts.append(part.expand(*grid, pairs))
    return torch.cat(parts, dim=-1).flatten(0, 2)


def rotate(x: Tensor, angle: Tensor) -> Tensor:
    """Turn the pairs of ``x`` (B, heads, N, D) by ``angle`` (N, D / 2), in the dtype of ``x``.

    Channel i is paired with channel i + D / 2.
    """
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    one, two = x.chunk(2, dim=-1)
    return torch.cat([one * cos - two * sin, two * cos + one * sin], dim=-1)
