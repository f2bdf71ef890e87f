"""xformers' memory-efficient attention, whose masks are objects of its own."""

from typing import Any

import torch
from torch import Tensor

from arch.layers.attention.call import Call
from arch.layers.attention.optional import importable, module_or_none
from arch.layers.attention.packed import PackedKernel

OPERATORS = "xformers.ops"
BIASES = "xformers.ops.fmha.attn_bias"


class EfficientKernel(PackedKernel):
    """Takes every precision, on GPUs alone.

    Of its masks only ``BlockDiagonalMask`` has gradients in every operator (0.0.35; the one for
    padded keys has none in CUTLASS), so that is the one we use.
    """

    def obstacle(self, call: Call) -> str | None:
        if call.device != "cuda":
            return f"needs a GPU, this is {call.device}"
        if call.dtype not in (torch.float16, torch.bfloat16, torch.float32):
            return f"needs float32, bfloat16 or float16, got {call.dtype}".replace("torch.", "")
        if call.head_dim % 8:
            return f"needs heads of a multiple of 8 channels, got {call.head_dim}"
        return None if importable(OPERATORS) else "cannot be imported; install xformers"

    def plain(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        out: Tensor = _loaded(OPERATORS).memory_efficient_attention(q, k, v)
        return out

    def packed(
        self, q: Tensor, k: Tensor, v: Tensor, *, queries: list[int], keys: list[int]
    ) -> Tensor:
        bias = _loaded(BIASES).BlockDiagonalMask.from_seqlens(queries, keys)
        attend = _loaded(OPERATORS).memory_efficient_attention
        out: Tensor = attend(q[None], k[None], v[None], attn_bias=bias)
        return out[0]


def _loaded(module: str) -> Any:
    found = module_or_none(module)
    assert found is not None  # an obstacle
    return found
