"""Gradient checkpointing: the inside of a network's segments, computed again for the gradients."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn


@contextmanager
def recomputed(segments: Sequence[nn.Module], checkpoint: Callable[..., Any]) -> Iterator[None]:
    """Let each segment's inside be computed again in the backward pass, while this is open.

    Others put their own ``forward`` in place of a module's too (offloading, casting), and may do so
    at any time. So it is changed for a pass alone, and is afterwards what it was.

    Args:
        segments: of a network.
        checkpoint: as diffusers has it, called with a function and its arguments.
    """
    before = [vars(segment).get("forward") for segment in segments]
    for segment in segments:
        segment.forward = partial(_again, checkpoint, segment.forward)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for segment, forward in zip(segments, before, strict=True):
            if forward is None:
                del segment.forward
            else:
                segment.forward = forward


def _again(checkpoint: Any, forward: Any, *args: Any, **named: Any) -> Any:
    return checkpoint(partial(forward, **named), *args)
