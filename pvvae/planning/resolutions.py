"""Where a backbone's parameters and FLOPs are: by half and by resolution.

A convolution counts to the resolution of its output, anything between two convolutions (norms,
attention) to that of the one before. A network without convolutions has its latent's alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from arch.interface import Backbone
from pvvae.planning.meta_attention import FusedAttention


@dataclass
class Share:
    """What one half spends at one resolution."""

    parameters: int = 0
    flops: int = 0


@dataclass
class _Walk:
    """A forward pass, looked at module by module."""

    spacing: int
    """Pixels between two positions, in height, at present."""
    height: int
    """Height of the clip in pixels."""
    counter: FlopCounterMode
    shares: dict[int, Share] = field(default_factory=lambda: defaultdict(Share))
    counted: int = 0
    seen: set[int] = field(default_factory=set)

    def settle(self) -> None:
        """Give what was computed since the last time to the present resolution."""
        total = self.counter.get_total_flops()
        self.shares[self.spacing].flops += total - self.counted
        self.counted = total

    def leave(self, module: nn.Module, inputs: Any, out: Any) -> None:
        """A module is done: its own parameters belong here."""
        if isinstance(module, nn.Conv2d | nn.Conv3d) and isinstance(out, Tensor):
            self.spacing = self.height // out.shape[-2]
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in self.seen:
                self.seen.add(id(parameter))
                self.shares[self.spacing].parameters += parameter.numel()
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            self.settle()

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """What came before a convolution is not its own."""
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            self.settle()


def by_resolution(
    build: Callable[[], Backbone], shape: tuple[int, int, int, int, int]
) -> dict[str, dict[int, Share]]:
    """Shares of "encoder" and "decoder" by pixels between two positions (1 is full size).

    Args:
        build: the network; it is made without memory.
        shape: of the clips (B, 3, T, H, W).
    """
    with torch.device("meta"):
        model, x = build().eval(), torch.empty(shape)
    with torch.no_grad():
        z = model.encode(x).mean
        encoder = _walked(model, lambda: model.encode(x), height=shape[3], spacing=1)
        coarse = model.stride.space
        decoder = _walked(model, lambda: model.decode(z), height=shape[3], spacing=coarse)
    return {"encoder": encoder, "decoder": decoder}


def _walked(
    model: Backbone, work: Callable[[], object], *, height: int, spacing: int
) -> dict[int, Share]:
    if not any(isinstance(module, nn.Conv2d | nn.Conv3d) for module in model.modules()):
        spacing = model.stride.space
    counter = FlopCounterMode(display=False)
    walk = _Walk(spacing=spacing, height=height, counter=counter)
    with counter, FusedAttention(), _watching(model, walk):
        work()
        walk.settle()
    return dict(sorted(walk.shares.items()))


@contextmanager
def _watching(model: nn.Module, walk: _Walk) -> Iterator[None]:
    modules = list(model.modules())
    hooks = [module.register_forward_pre_hook(walk.enter) for module in modules]
    hooks += [module.register_forward_hook(walk.leave) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
