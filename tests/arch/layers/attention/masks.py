"""What queries may see, in all the ways that networks ask for, for 2 clips of 12 tokens."""

import torch
from torch import Tensor

from arch.layers.attention import Interval, IntervalMask, Mask, PrefixMask

SIGHTS: dict[str, Mask] = {
    "all": None,
    "observed": PrefixMask.of(torch.tensor([4, 12]), keys=12),
    "block_causal": IntervalMask.block_causal(3, size=4, window=None),
    "window": IntervalMask.block_causal(3, size=4, window=2),
    "packed": IntervalMask.packed(
        [IntervalMask((Interval(5, 0, 5),), 5), IntervalMask((Interval(7, 0, 3),), 7)]
    ),
    "packed block_causal": IntervalMask.packed(
        [
            IntervalMask.block_causal(2, size=2, window=None),
            IntervalMask.block_causal(4, size=2, window=2),
        ]
    ),
    "chunk of a stream": IntervalMask.block_causal(1, size=4, window=2, before=2),
}


def qkv(name: str, *, head_dim: int = 8) -> list[Tensor]:
    """(2, 3 heads, 12, D); a chunk has fewer queries than keys."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, 12, head_dim, generator=generator) for _ in range(3))
    return [q[:, :, :4] if name == "chunk of a stream" else q, k, v]


def dense(name: str) -> Tensor:
    """(2, 1, queries, 12), written out by hand."""
    mask = torch.ones(2, 1, 12, 12, dtype=torch.bool)
    index = torch.arange(12)
    group = index // 4
    past = group[:, None] - group
    clip, start = index >= 5, torch.tensor([0, 5])
    if name == "observed":
        mask[0, ..., 4:] = False
    elif name == "block_causal":
        mask &= past >= 0
    elif name == "window":
        mask &= (past >= 0) & (past < 2)
    elif name == "packed":
        mask &= clip[:, None] == clip
        mask &= ~clip | (index < start[1] + 3)
    elif name == "packed block_causal":
        two, later = index // 2, index >= 4
        back = two[:, None] - two
        mask &= (later[:, None] == later) & (back >= 0) & (back < 2)
    elif name == "chunk of a stream":
        mask = mask[:, :, :4].clone()
        mask[..., :4] = False
    return mask


def by_hand(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """The textbook formula."""
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v
