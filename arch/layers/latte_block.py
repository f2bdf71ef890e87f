"""Latte's block: attention in space or in time and an MLP, behind modulated norms and gates.

Source: Ma et al., "Latte" (arXiv 2401.03048), variant 1. The options are of later denoisers and
change nothing while they are off: normed queries and keys, rotary positions and SwiGLU as in
LightningDiT (arXiv 2501.01423), whose authors found each to help.
"""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch.layers import rope
from arch.layers.attention import Backend, attention
from arch.layers.conditioning import Linear, Modulation, ZeroLinear
from arch.layers.recomputing_ops import gelu_linear, modulated_norm

SWIGLU_SHARE = 2 / 3
"""Share of the hidden width that SwiGLU uses: its three matrices then cost what two do (Shazeer,
arXiv 2002.05202)."""
ROPE_BASE = 10000.0
"""Base of the rotary positions (Su et al., arXiv 2104.09864), as in LightningDiT."""


class Axis(NamedTuple):
    """Which tokens see each other: how tokens become sequences, and sequences tokens again."""

    split: str
    merge: str


SPACE = Axis("b t n (heads d) -> (b t) heads n d", "(b t) heads n d -> b t n (heads d)")
TIME = Axis("b t n (heads d) -> (b n) heads t d", "(b n) heads t d -> b t n (heads d)")


class Widths(NamedTuple):
    """What a block is made of."""

    width: int
    heads: int
    hidden: int
    qk_norm: bool
    mlp: Literal["gelu", "swiglu"]
    backend: Backend


class Attention(nn.Module):
    """Self-attention among the cells of one latent frame, or along the frames at one cell."""

    def __init__(self, widths: Widths, axis: Axis) -> None:
        super().__init__()
        self.heads = widths.heads
        self.backend = widths.backend
        self.axis = axis
        self.qkv = Linear(widths.width, 3 * widths.width)
        self.out = Linear(widths.width, widths.width)
        self.norm_q, self.norm_k = (
            nn.RMSNorm(widths.width // widths.heads) if widths.qk_norm else nn.Identity()
            for _ in range(2)
        )

    def forward(self, x: Tensor, angle: Tensor | None) -> Tensor:
        """Tokens (B, t, n, width) -> the same shape; ``angle`` (length of the axis, d / 2)."""
        # Cut before axes change places: the gradients are joined then in the order of the product.
        parts = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (rearrange(part, self.axis.split, heads=self.heads) for part in parts)
        q, k = self.norm_q(q), self.norm_k(k)
        if angle is not None:
            q, k = rope.rotate(q, angle), rope.rotate(k, angle)
        mixed = attention(q, k, v, backend=self.backend)  # (B t, heads, n, d) or (B n, heads, t, d)
        result: Tensor = self.out(rearrange(mixed, self.axis.merge, b=x.shape[0]))
        return result


class SwiGLU(nn.Module):
    """A linear layer gated by another (Shazeer, arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.enter = Linear(width, 2 * hidden)
        self.leave = Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> the same shape."""
        gate, value = self.enter(x).chunk(2, dim=-1)
        result: Tensor = self.leave(F.silu(gate) * value)
        return result


class GELU(nn.Module):
    """Two linear layers with a GELU, by the tanh formula, between them (DiT)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.enter = Linear(width, hidden)
        self.leave = LinearOfGELU(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> the same shape."""
        result: Tensor = self.leave(self.enter(x))
        return result


class LinearOfGELU(Linear):
    """A linear layer of its input's GELU."""

    def forward(self, input: Tensor) -> Tensor:
        return gelu_linear(input, self.weight, self.bias)


def mlp(widths: Widths) -> nn.Module:
    """The network behind each attention."""
    if widths.mlp == "swiglu":
        return SwiGLU(widths.width, int(SWIGLU_SHARE * widths.hidden))
    return GELU(widths.width, widths.hidden)


class Block(nn.Module):
    """Attention along one axis and an MLP, each behind a modulated norm and a gate (adaLN-Zero)."""

    def __init__(self, widths: Widths, axis: Axis) -> None:
        super().__init__()
        self.modulation = Modulation(widths.width, 6)
        self.attention = Attention(widths, axis)
        self.mlp = mlp(widths)

    def forward(self, x: Tensor, condition: Tensor, angle: Tensor | None = None) -> Tensor:
        """Tokens (B, t, n, width) under a condition (B, 1 or t, width) -> tokens of that shape."""
        parts: tuple[Tensor, ...] = self.modulation(condition)
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = parts
        attended: Tensor = self.attention(modulated_norm(x, shift=shift, scale=scale), angle)
        x = torch.addcmul(x, gate, attended)
        changed: Tensor = self.mlp(modulated_norm(x, shift=mlp_shift, scale=mlp_scale))
        return torch.addcmul(x, mlp_gate, changed)


class Final(nn.Module):
    """Modulated norm and a linear layer to the latent's channels; starts at zero."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.modulation = Modulation(width, 2)
        self.linear = ZeroLinear(width, channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Tokens (B, t, n, width) -> (B, t, n, c) in float32."""
        shift, scale = self.modulation(condition)
        velocity: Tensor = self.linear(modulated_norm(x, shift=shift, scale=scale))
        return velocity.float()


def plane_angles(h: int, w: int, *, head_dim: int, device: torch.device) -> Tensor:
    """Rotary angles (h w, d / 2) of a frame's cells: half the pairs turn with rows, the others
    with columns."""
    half = head_dim // 4
    rows, columns = (
        line_angles(h, pairs=half, device=device),
        line_angles(w, pairs=head_dim // 2 - half, device=device),
    )
    grid = [rows[:, None].expand(-1, w, -1), columns[None].expand(h, -1, -1)]
    return torch.cat(grid, dim=-1).flatten(0, 1)


def line_angles(length: int, *, pairs: int, device: torch.device) -> Tensor:
    """Rotary angles (length, pairs) of positions 0, 1 ... in float32."""
    frequencies = ROPE_BASE ** -(torch.arange(pairs, device=device, dtype=torch.float32) / pairs)
    return torch.outer(torch.arange(length, device=device, dtype=torch.float32), frequencies)
