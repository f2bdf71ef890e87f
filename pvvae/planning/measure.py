"""FLOPs and bytes of a rehearsal: one slot's work on the meta device, phase by phase."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from pvvae.planning.meta_attention import FusedAttention
from pvvae.planning.storages import LiveStorages, SavedActivations

Phases = Callable[[], Iterator[str]]
"""Does the work of one slot, and names each phase after it is done."""


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes beside the engines' own."""

    saved: int
    """Bytes of activations, when the forward pass of the trained network ends."""
    peak: int
    """Most bytes of all tensors alive at once, saved or passing, at any moment of the slot."""


def flops_of(phases: Phases) -> dict[str, int]:
    """FLOPs of each phase: forward and backward kernels, two for a multiplication and addition."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoModules()  # type: ignore[assignment]
    found: dict[str, int] = {}
    with counter, FusedAttention():
        for name in phases():
            found[name] = counter.get_total_flops() - sum(found.values())
    return found


def memory_of(phases: Phases, networks: list[nn.Module]) -> MemoryPlan:
    """Bytes of a slot; gradients of weights are let go as they come, being the engine's."""
    tensors = [t for network in networks for t in (*network.parameters(), *network.buffers())]
    live, saved = LiveStorages(tensors), SavedActivations(tensors)
    trained = [t for t in tensors if t.requires_grad]
    hooks = [t.register_post_accumulate_grad_hook(_let_go) for t in trained]  # type: ignore[no-untyped-call]
    held = 0
    with live, FusedAttention(), saved.counting():
        for name in phases():
            held = saved.bytes if name == "forward" else held
    for hook in hooks:
        hook.remove()
    return MemoryPlan(saved=held, peak=live.peak)


def _let_go(parameter: Tensor) -> None:
    parameter.grad = None


class _NoModules:
    """In place of torch's tracker of modules, whose hooks refuse ``autograd.grad`` to a leaf."""

    parents: ClassVar[set[str]] = {"Global"}

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...
