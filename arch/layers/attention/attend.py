"""Attention by whichever kernel fits."""

from torch import Tensor

from arch.layers.attention.call import Call, call_of
from arch.layers.attention.kernels import KERNELS, Backend, choose
from arch.layers.attention.mask import Sight


def attention(
    q: Tensor, k: Tensor, v: Tensor, *, sight: Sight = None, backend: Backend = "auto"
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
