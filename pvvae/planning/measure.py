"""FLOPs and bytes of a rehearsal: one slot's work on the meta device, phase by phase."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from pvvae.data.schedule import Bucket
from pvvae.planning.stage import Rehearsal, rehearsal_of
from pvvae.planning.storages import LiveStorages, SavedActivations
from pvvae.training.monitoring.flops import CountFlops, SlotWork


class FusedAttention(TorchFunctionMode):
    """While active, attention of meta tensors goes to fused kernels; of others, as ever."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is F.scaled_dot_product_attention and args[0].is_meta:
            return _fused(*args[:3], mask=(kwargs or {}).get("attn_mask"))
        return func(*args, **(kwargs or {}))


def _fused(q: Tensor, k: Tensor, v: Tensor, *, mask: Tensor | None) -> Tensor:
    aten = torch.ops.aten
    out: Tensor
    if mask is None:
        out = aten._scaled_dot_product_flash_attention(q, k, v)[0]
        return out
    size = (q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    out = aten._scaled_dot_product_efficient_attention(q, k, v, mask.to(q).expand(size), True)[0]
    return out


Phases = Callable[[], Iterator[str]]
"""Does the work of one slot, and names each phase after it is done."""


@dataclass(frozen=True)
class Memory:
    """Bytes beside the engines' own."""

    saved: int
    """Of activations, when the forward pass of the trained network ends."""
    peak: int
    """Of all tensors alive at once, saved or passing, at any moment of the slot."""


def flops_of(phases: Phases) -> dict[str, int]:
    """FLOPs of each phase: forward and backward kernels, two for a multiplication and addition."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoModules()  # type: ignore[assignment]
    found: dict[str, int] = {}
    with counter, FusedAttention():
        for name in phases():
            found[name] = counter.get_total_flops() - sum(found.values())
    return found


def memory_of(phases: Phases, networks: list[nn.Module]) -> Memory:
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
    return Memory(saved=held, peak=live.peak)


def _let_go(parameter: Tensor) -> None:
    parameter.grad = None


class _NoModules:
    """In place of torch's tracker of modules, whose hooks refuse ``autograd.grad`` to a leaf."""

    parents: ClassVar[set[str]] = {"Global"}

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


def slot_counter(config: object, *, freeze_encoder: bool = False) -> CountFlops:
    """Count as ``pvvae plan`` does: the slot's work on tensors without memory.

    The networks are built (without weights) at the first count, so whoever never counts pays
    nothing.
    """
    built: list[Rehearsal] = []

    def count(slot: SlotWork) -> float:
        if not built:
            built.append(rehearsal_of(config, freeze_encoder=freeze_encoder))
        batch, frames, height, width = slot.shape
        bucket = Bucket(frames=frames, height=height, width=width, batch=batch)
        phases = flops_of(lambda: built[0].phases(bucket, dropped=slot.dropped, gan=slot.gan))
        return sum(phases.values()) + (slot.looks - 1) * phases["forward"]

    return count
