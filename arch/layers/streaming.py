"""A clip in chunks: what a layer has to remember of the frames before."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

Past = tuple[Any, ...]
"""Nested tuples of tensors; what they mean is the layer's own affair."""


class Stream(ABC):
    """A layer that looks back in time, and takes a clip in chunks if given what it looks back at.

    The chunks' outputs, put together, are the whole clip's output exactly. Nothing is kept in the
    layer itself: it may be in the middle of any number of clips.
    """

    @abstractmethod
    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """The next chunk, and what to pass with the one after it; the first has no past.

        What is returned shares no memory with ``x``, so that a chunk can be let go.
        """


def through(layers: Iterable[nn.Module], x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
    """A chunk through layers, one after the other, those that look back and those that do not."""
    kept: list[Past] = []
    for layer in layers:
        if isinstance(layer, Stream):
            x, memory = layer.stream(x, None if past is None else past[len(kept)])
            kept.append(memory)
        else:
            x = layer(x)
    return x, tuple(kept)


def by_group(layers: Iterable[nn.Module], x: Tensor, *, stride: int) -> Tensor:
    """A whole clip through layers, group by group: less is alive at once, the numbers are the same.

    Args:
        layers: such as look back in time are streams.
        x: (B, C, T, H, W).
        stride: frames of ``x`` to a group; the first is alone.
    """
    layers = list(layers)
    pasts: list[Past | None] = [None] * len(layers)
    outs = []
    starts = range(1, x.shape[2], stride)
    for chunk in (x[:, :, :1], *(x[:, :, start : start + stride] for start in starts)):
        for index, layer in enumerate(layers):
            if isinstance(layer, Stream):
                chunk, pasts[index] = layer.stream(chunk, pasts[index])
            else:
                chunk = layer(chunk)
        outs.append(chunk)
    return torch.cat(outs, dim=2)


def part(past: Past | None, index: int) -> Past | None:
    """One layer's share of the past; none before the first chunk."""
    return None if past is None else past[index]


def check_chunk(frames: int, *, stride: int, first: bool) -> None:
    """Refuse a chunk that does not end with a group.

    Raises:
        ValueError: naming the nearest lengths that do.
    """
    alone = 1 if first else 0  # the first frame is a group of its own
    n, rest = divmod(frames - alone, stride)
    if frames < 1 or rest:
        low = max(alone + max(n, 0) * stride, 1 if first else stride)
        raise ValueError(
            f"{'the first' if first else 'a later'} chunk must have {'1 + ' if first else ''}"
            f"n * {stride} frames, got {frames}; nearest: {low}, {low + stride}"
        )
