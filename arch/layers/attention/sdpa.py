"""torch's own kernel, which is always there: the reference for the others."""

import torch
import torch.nn.functional as F
from torch import Tensor

from arch.layers.attention.call import Call
from arch.layers.attention.mask import IntervalMask, Mask, PrefixMask


class TorchKernel:
    """``scaled_dot_product_attention``; on a GPU torch takes flash attention, cuDNN or its own."""

    def obstacle(self, call: Call) -> str | None:
        """None: it takes everything."""
        return None

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        """Run by run without a mask: exact, and nothing is computed to be thrown away."""
        if isinstance(sight, PrefixMask):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=sight.dense)
        if isinstance(sight, IntervalMask):
            return _by_run(q, k, v, sight)
        return F.scaled_dot_product_attention(q, k, v)


def _by_run(q: Tensor, k: Tensor, v: Tensor, sight: IntervalMask) -> Tensor:
    parts = []
    for start, (queries, begin, end) in zip(sight.starts, sight.runs, strict=True):
        asking = q[:, :, start : start + queries]
        parts.append(F.scaled_dot_product_attention(asking, k[:, :, begin:end], v[:, :, begin:end]))
    return torch.cat(parts, dim=2)
