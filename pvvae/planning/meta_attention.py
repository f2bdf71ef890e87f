"""Attention on the meta device as a GPU computes it.

Given meta tensors, torch takes its textbook attention, which writes every logit. Training never
does: without a mask it takes flash attention, with one the memory-efficient kernel. Both save
queries, keys, values, the output and one number a row; torch knows their shapes and FLOPs.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


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
