"""Latte's block as its paper and code have it, on our block's weights, to hold ours against."""

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch.layers.latte_block import GELU, Block
from arch.layers.recomputing_ops import NORM_EPS


def literal_block(block: Block, x: Tensor, condition: Tensor) -> Tensor:
    """What ``block`` does to rows of tokens that attend to each other, written plainly.

    adaLN is evaluated for each row, as the published code repeats the condition for each frame
    before spatial blocks and for each cell before temporal ones.

    Args:
        block: with a GELU, and without the options that the published block does not have.
        x: tokens (rows, n, width).
        condition: (rows, width).
    """
    mlp = block.mlp
    assert isinstance(mlp, GELU)
    six = _linear(block.modulation.linear, F.silu(condition)).chunk(6, dim=1)
    shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = six
    attended = _attend(block, _modulate(_norm(x), shift, scale))
    x = x + gate.unsqueeze(1) * attended
    entered = _linear(mlp.enter, _modulate(_norm(x), mlp_shift, mlp_scale))
    changed = _linear(mlp.leave, F.gelu(entered, approximate="tanh"))
    result: Tensor = x + mlp_gate.unsqueeze(1) * changed
    return result


def _attend(block: Block, x: Tensor) -> Tensor:
    attention = block.attention
    q, k, v = rearrange(
        _linear(attention.qkv, x),
        "rows n (qkv heads d) -> qkv rows heads n d",
        qkv=3,
        heads=attention.heads,
    )
    mixed = F.scaled_dot_product_attention(q, k, v)
    return _linear(attention.out, rearrange(mixed, "rows heads n d -> rows n (heads d)"))


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """PyTorch's own, whatever ``layer`` computes with."""
    return F.linear(x, layer.weight, layer.bias)


def _norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS)


def _modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)
