"""The kernels by name, and which of them takes a call."""

from typing import Literal, Protocol

from torch import Tensor

from arch.layers.attention.call import Call, call_of
from arch.layers.attention.flash import FLASH2, FLASH3, FLASH4
from arch.layers.attention.flex import FlexKernel
from arch.layers.attention.mask import Mask
from arch.layers.attention.sdpa import TorchKernel
from arch.layers.attention.xformers import EfficientKernel

Backend = Literal["auto", "flash-attn-4", "flash-attn-3", "flash-attn", "xformers", "flex", "sdpa"]


class Kernel(Protocol):
    """Computes attention among (B, heads, N, D) and (B, heads, M, D), if nothing is in the way."""

    def obstacle(self, call: Call) -> str | None:
        """Why it cannot take a call, or None."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        """The mixed values (B, heads, N, D)."""


KERNELS: dict[str, Kernel] = {
    "flash-attn-4": FLASH4,
    "flash-attn-3": FLASH3,
    "flash-attn": FLASH2,
    "xformers": EfficientKernel(),
    "flex": FlexKernel(),
    "sdpa": TorchKernel(),
}

FASTEST_FIRST = ("flash-attn-3", "flash-attn-4", "flash-attn", "sdpa")
"""What "auto" tries. On H100 versions 3 and 4 take half of version 2's time (anemoi-core#959), and
3 has been around for longer; sdpa holds version 2's kernel too. xformers and flex are taken by name
alone: the first is no faster than what torch has, the second is compiled for each mask and size."""


def choose(backend: Backend, call: Call) -> tuple[str, str]:
    """Name of the kernel for a call, and what kept the faster ones from it.

    Meta tensors, which stand for any device, go to torch whatever was asked for: a plan is made
    without the GPU.

    Raises:
        ValueError: if a backend is asked for by name that is unknown or cannot take the call.
    """
    if call.device == "meta":
        return "sdpa", ""
    if backend == "auto":
        obstacles = {name: KERNELS[name].obstacle(call) for name in FASTEST_FIRST}
        name = next(name for name in FASTEST_FIRST if obstacles[name] is None)
        passed = FASTEST_FIRST[: FASTEST_FIRST.index(name)]
        return name, "; ".join(f"{other} {obstacles[other]}" for other in passed)
    if backend not in KERNELS:
        known = ", ".join(["auto", *KERNELS])
        raise ValueError(f"attention_backend: no backend is called {backend!r}; known: {known}")
    if obstacle := KERNELS[backend].obstacle(call):
        raise ValueError(f"attention_backend: {backend} {obstacle}; auto takes what works")
    return backend, ""


def attention(
    q: Tensor, k: Tensor, v: Tensor, *, sight: Mask = None, backend: Backend = "auto"
) -> Tensor:
    """softmax(q k^T / sqrt(D)) v for q (B, heads, N, D) and k, v (B, heads, M, D).

    Args:
        sight: what each query sees; None is everything.
        backend: which kernel computes it.

    Raises:
        ValueError: if a backend is asked for by name that is missing or cannot do this.
    """
    name, _ = choose(backend, call_of(q, k, v))
    return KERNELS[name](q, k, v, sight)


def explained(backend: Backend, call: Call) -> str:
    """A line for the log: which kernel takes such calls, and why.

    Raises:
        ValueError: as :func:`attention`.
    """
    name, why = choose(backend, call)
    if why and call.capability is None:
        why = "flash-attn needs an NVIDIA GPU"
    return f"attention: {name} on {call.device}" + (f" ({why})" if why else "")
