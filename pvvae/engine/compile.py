"""torch.compile: segment by segment for training, whole for sampling."""

import torch
from torch import nn

from pvvae.engine.activation_checkpointing import segments_of

GRAPHS = 1024
"""Graphs that torch may keep of one piece of code: one for each class of segment, size of its
input, and training or not. Sizes are few (buckets x observed groups), but torch's own limit of 8 is
fewer, and beyond it torch stops compiling with a warning and runs slowly from then on. Ours is out
of reach."""


def compile_segments(network: nn.Module) -> None:
    """Compile the forward pass of each of ``network``'s segments.

    A whole network would be compiled anew for every resolution and number of dropped groups, and
    ZeRO 3 would break its graph at every module. Segments are small, and equal ones share graphs.
    Names of parameters stay: only ``forward`` changes.

    Sizes are constants in a graph: with variables, torch 2.13 fails in the backward pass of a
    convolution ("ValueRangeError: Invalid ranges [0:-1]").

    Raises:
        ConfigError: if the network names no segments.
    """
    segments = segments_of(network, why="compile")
    torch._dynamo.config.recompile_limit = GRAPHS
    torch._dynamo.config.accumulated_recompile_limit = GRAPHS
    for segment in segments:
        segment.forward = torch.compile(segment.forward, dynamic=False)  # type: ignore[method-assign]


def compile_whole(network: nn.Module) -> None:
    """Compile the forward pass of a network that only runs forward, at sizes that stay.

    On a GPU its kernels are recorded as a CUDA graph and started all at once; a pass then writes
    its result where the last one did, so a result that is kept must be copied.
    """
    network.forward = torch.compile(  # type: ignore[method-assign]
        network.forward, dynamic=False, mode="reduce-overhead"
    )


def leave_hooks_out(network: nn.Module) -> None:
    """Run the hooks by which ZeRO 3 gathers weights as they are, once an engine has added them.

    Else torch compiles them as well, down to DeepSpeed's counters, and does so again when those
    change, or fails (torch 2.13, DeepSpeed 0.19.8).
    """
    for module in network.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            for key, hook in hooks.items():
                hooks[key] = torch.compiler.disable(hook)  # type: ignore[no-untyped-call]
