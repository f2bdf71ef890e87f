"""torch's flex attention: any mask in one kernel, which skips blocks that no query sees.

torch.compile makes the kernel for each size; without it flex writes every logit. So it is compiled
on GPUs, and left as it is on CPUs, where it serves to check the others.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from arch.layers.attention.call import Call
from arch.layers.attention.mask import IntervalMask, Mask, PrefixMask

SMALLEST_HEAD = 16
"""Smallest head of the compiled kernel: Triton's matrix products have no smaller side."""

MASKS = 64
"""Kept for sizes that come again; ours: more than buckets x observed groups."""


class FlexKernel:
    """One call whatever is seen; gradients on GPUs alone (torch 2.13)."""

    def obstacle(self, call: Call) -> str | None:
        """Why it cannot take a call, or None."""
        if call.learns and call.device != "cuda":
            return f"has no gradients on this device ({call.device})"
        if call.device == "cuda" and call.head_dim < SMALLEST_HEAD:
            return f"needs heads of at least {SMALLEST_HEAD} channels, got {call.head_dim}"
        return None

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        """(B, heads, N, D) and (B, heads, M, D) -> (B, heads, N, D)."""
        mask = None if sight is None else block_mask(sight, q.shape[2], q.device)
        kernel: Any = _compiled() if q.is_cuda else flex_attention
        out: Tensor = kernel(q, k, v, block_mask=mask)
        return out


@lru_cache(maxsize=MASKS)
def block_mask(sight: IntervalMask | PrefixMask, queries: int, device: torch.device) -> BlockMask:
    """Each query's interval of keys, and the blocks in which it lies; once for all layers."""
    begin, end = sight.bounds(queries) if isinstance(sight, PrefixMask) else sight.bounds(device)

    def sees(clip: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        row = clip if len(begin) > 1 else 0
        return (begin[row, query] <= key) & (key < end[row, query])

    clips = len(begin) if len(begin) > 1 else None
    return create_block_mask(sees, clips, None, queries, sight.keys, device=str(device))


@cache
def _compiled() -> Callable[..., Any]:
    return torch.compile(flex_attention, dynamic=False)
