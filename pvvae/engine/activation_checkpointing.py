"""Activation checkpointing: what is inside a segment is computed twice, and never kept."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from arch.interface import Network
from pvvae.errors import ConfigError


def segments_of(network: nn.Module, *, why: str) -> tuple[nn.Module, ...]:
    """The segments that ``network`` names.

    Raises:
        ConfigError: if it names none; ``why`` is the key of the engine that needs them.
    """
    found = network.segments if isinstance(network, Network) else ()
    if not found:
        raise ConfigError(
            f"{why}: {type(network).__name__} names no segments; leave it off for this network, or "
            "give it the property segments (see arch/interface.py)"
        )
    return found


Recomputed = Literal["none", "half", "all"]
"""Which segments are recomputed: none, every second one, or all."""

LEVELS: tuple[Recomputed, ...] = ("none", "half", "all")
"""From most memory and least work to the opposite."""


Around = Callable[[], AbstractContextManager[Any]]


def recompute(network: nn.Module, level: Recomputed, *, again: Around = nullcontext) -> None:
    """Keep only the inputs of ``network``'s segments until the backward pass.

    Changes ``forward`` of the modules in place, so that their names and hooks stay: ZeRO 3 gathers
    the weights inside a segment for the first pass and again for the second.

    Args:
        network: that names its segments.
        level: which of them.
        again: makes what to run the second pass in.

    Raises:
        ConfigError: if the network names no segments.
    """
    if level == "none":
        return
    chosen = segments_of(network, why="activation_checkpointing")
    for segment in chosen if level == "all" else chosen[::2]:
        segment.forward = _twice(segment.forward, again)  # type: ignore[method-assign]


def _twice(forward: Callable[..., Any], again: Around) -> Callable[..., Any]:
    def run(*inputs: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*inputs, **named)
        # The reentrant form would silently freeze a network whose input has no gradient. Segments
        # draw no random numbers, so there is no generator to keep.
        return checkpoint(
            forward,
            *inputs,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (nullcontext(), again()),
            **named,
        )

    return run
