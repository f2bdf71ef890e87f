"""Scaled dot-product attention with one signature for several backends."""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

Backend = Literal["auto", "flash-attn", "xformers", "sdpa"]

_FUNCTIONS = {
    "flash-attn": ("flash_attn", "flash_attn_func"),
    "xformers": ("xformers.ops", "memory_efficient_attention"),
}


def attention(
    q: Tensor, k: Tensor, v: Tensor, *, mask: Tensor | None = None, backend: Backend = "auto"
) -> Tensor:
    """softmax(q k^T / sqrt(D)) v for q (B, heads, N, D) and k, v (B, heads, M, D).

    Args:
        mask: boolean, broadcastable to (B, heads, N, M); True where a query may look. Masked
            calls always go to torch's own kernel: the others cannot mask, or do it silently wrong.
        backend: which kernel computes calls without a mask.

    Raises:
        ValueError: if a backend is asked for by name that cannot be imported.
    """
    chosen = "sdpa" if mask is not None else chosen_backend(backend, like=q)
    if chosen == "sdpa":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    function = _load(chosen)
    assert function is not None  # chosen_backend() never names one that is missing
    q, k, v = (rearrange(part, "b heads n d -> b n heads d") for part in (q, k, v))
    out: Tensor = function(q, k, v)
    return rearrange(out, "b n heads d -> b heads n d")


def chosen_backend(backend: Backend, *, like: Tensor) -> str:
    """Name of the kernel that computes unmasked attention on tensors like ``like``.

    "auto" takes flash-attn for half precision on a GPU when it can be imported, and otherwise
    torch's own kernel, which has a flash implementation too.

    Raises:
        ValueError: if a backend is asked for by name that cannot be imported.
    """
    if backend == "sdpa":
        return "sdpa"
    if backend == "auto":
        half = like.is_cuda and like.dtype in (torch.float16, torch.bfloat16)
        return "flash-attn" if half and _load("flash-attn") is not None else "sdpa"
    if backend not in _FUNCTIONS:
        raise ValueError(
            f"no attention backend is called {backend!r}; known: auto, flash-attn, xformers, sdpa"
        )
    if _load(backend) is None:
        raise ValueError(
            f"attention backend {backend!r} cannot be imported here; install it or use 'auto'"
        )
    return backend


@cache
def _load(backend: str) -> Callable[..., Any] | None:
    """The backend's function, or None where it is missing or built for another torch."""
    module, function = _FUNCTIONS[backend]
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, OSError, RuntimeError, AttributeError):
        return None
    return found
