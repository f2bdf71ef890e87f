"""What is known of a call of attention before it is made: enough to choose a kernel."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Call:
    """Where attention runs, on what, and whether gradients are wanted."""

    device: str
    """Kind of device: "cpu", "cuda" …"""

    capability: tuple[int, int] | None
    """Compute capability of an NVIDIA GPU."""

    dtype: torch.dtype
    head_dim: int
    learns: bool

    @classmethod
    def on(cls, device: torch.device, dtype: torch.dtype, head_dim: int, *, learns: bool) -> "Call":
        return cls(device.type, capability(device), dtype, head_dim, learns)


def call_of(q: Tensor, k: Tensor, v: Tensor) -> Call:
    """The call for queries, keys and values (B, heads, ., D)."""
    learns = torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad)
    return Call.on(q.device, q.dtype, q.shape[-1], learns=learns)


def capability(device: torch.device) -> tuple[int, int] | None:
    """Compute capability (major, minor) of an NVIDIA GPU; None on any other device."""
    if device.type != "cuda" or torch.version.hip is not None:
        return None
    return torch.cuda.get_device_capability(device)
