"""Latte: a diffusion Transformer over latent clips, attending in space and in time by turns.

Source: Ma et al., "Latte: Latent diffusion transformer for video generation" (arXiv 2401.03048),
variant 1 (interleaved blocks), without patchify as in PV-VAE, section 4.1: one token per latent
cell. What differs from the published network computes the same numbers: the modulation is
evaluated once per sample instead of once per row, positions are computed instead of stored, and
the position table takes any size.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch.interface import Denoiser, DenoiserConfig
from arch.layers.sequence import Sequence
from arch.layers.sinusoids import plane_positions, sinusoids
from arch.registry import register

NORM_EPS = 1e-6
"""LayerNorm epsilon (Latte, after DiT)."""
INIT_STD = 0.02
"""Of the time network's and the label table's weights (Latte, after DiT)."""
TIME_FREQUENCIES = 256
"""Width of the sinusoidal time embedding (Latte, after DiT)."""
TIME_SCALE = 1000.0
"""Time in [0, 1] is stretched to DiT's 1000 diffusion steps; unstretched, a sinusoid with period
10000 hardly changes over [0, 1] (REPA#40 and SiT#24 call that unintended)."""


@register(DenoiserConfig, "latte")
@dataclass(frozen=True, kw_only=True)
class LatteConfig(DenoiserConfig):
    """Depth, width and heads as in the Latte paper's Table 1 (S, B, L, XL).

    Raises:
        ValueError: for sizes that do not fit together.
    """

    depth: int
    """Blocks in all; even blocks (counting from 0) attend in space, odd ones in time."""

    width: int
    """Channels of a token."""

    heads: int
    """Attention heads; they divide ``width``."""

    mlp_ratio: float
    """Hidden width of a block's MLP over ``width``."""

    def __post_init__(self) -> None:
        if self.depth < 2 or self.depth % 2:
            raise ValueError(
                f"denoiser.depth must be even and at least 2 (space and time alternate), "
                f"got {self.depth}"
            )
        if self.heads < 1 or self.width < 4 or self.width % self.heads or self.width % 4:
            raise ValueError(
                f"denoiser.width must be a multiple of heads and of 4 (sines and cosines of two "
                f"coordinates), got width {self.width} with {self.heads} heads"
            )
        if self.latent_channels < 1:
            raise ValueError(f"denoiser.latent_channels must be positive: {self.latent_channels}")
        if self.num_classes < 0:
            raise ValueError(f"denoiser.num_classes must be 0 (none) or more: {self.num_classes}")
        if self.mlp_ratio <= 0:
            raise ValueError(f"denoiser.mlp_ratio must be positive: {self.mlp_ratio}")

    def build(self) -> "Latte":
        return Latte(self)


class Latte(Denoiser):
    """Velocity of a noisy latent clip, given the time and perhaps a class.

    ``blocks[i]`` returns the tokens (B, t, h * w, width) after block ``i``, spatial or temporal,
    so a forward hook there reads features (the paper probes ``blocks[13]`` of 28). Where processes
    share a clip, each has some frames in spatial blocks and some cells in temporal ones.
    """

    def __init__(self, config: LatteConfig) -> None:
        super().__init__()
        self.num_classes = config.num_classes
        self.latent_channels = config.latent_channels
        self.width = config.width
        self.sequence = Sequence()
        self.embed = Linear(config.latent_channels, config.width)
        self.time_embedding = TimeEmbedding(config.width)
        self.label_table = (
            LabelTable(config.num_classes + 1, config.width) if config.num_classes else None
        )
        self.blocks = nn.ModuleList(
            Block(config, axis) for _ in range(config.depth // 2) for axis in (SPACE, TIME)
        )
        self.final = Final(config.width, config.latent_channels)

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """The Transformer blocks."""
        return tuple(self.blocks)

    def forward(self, x: Tensor, time: Tensor, label: Tensor | None = None) -> Tensor:
        """Velocity (B, c, t, h, w), in float32, of ``x`` of that shape and any size.

        Args:
            x: noisy latents (B, c, t, h, w).
            time: (B,) in [0, 1], 1 is pure noise. Keep it in float32: bfloat16 cannot tell 0.999
                from 1.
            label: (B,) integers in [0, num_classes], the last being "no class"; None for an
                unconditional network.

        Raises:
            ValueError: for a wrong number of channels, or a label missing or not wanted.
        """
        self._check(x, label)
        condition = self.time_embedding(time)  # (B, width)
        if self.label_table is not None:
            condition = condition + self.label_table(label)
        _, _, t, h, w = x.shape
        tokens = self.embed(rearrange(x, "b c t h w -> b t (h w) c"))
        tokens = tokens + plane_positions(h, w, width=self.width, device=x.device)
        tokens = self.sequence.split(tokens, dim=1)
        for index, block in enumerate(self.blocks):
            if index % 2:  # from some frames to some cells, each at all times
                tokens = self.sequence.exchange(tokens, whole=1, length=t, split=2)
            elif index:
                tokens = self.sequence.exchange(tokens, whole=2, length=h * w, split=1)
            if index == 1:  # the first temporal block; the published network adds it only here
                line = sinusoids(torch.arange(t, device=x.device), width=self.width)
                tokens = tokens + rearrange(line, "t d -> t 1 d")
            tokens = block(tokens, condition)  # (B, t, h * w, width)
        velocity = self.sequence.gather(self.final(tokens, condition), dim=2, length=h * w)
        return rearrange(velocity, "b t (h w) c -> b c t h w", h=h, w=w)

    def check_sharing(self, processes: int) -> None:
        """Any number can: no process attends along an axis that it has a part of."""

    def share(self, sequence: Sequence) -> None:
        """Embedding sees all tokens, the rest this process's part."""
        super().share(sequence)
        self.sequence = sequence

    def _check(self, x: Tensor, label: Tensor | None) -> None:
        if x.ndim != 5 or x.shape[1] != self.latent_channels:
            raise ValueError(
                f"latents must be (B, {self.latent_channels}, t, h, w), got {tuple(x.shape)}"
            )
        if self.num_classes and label is None:
            raise ValueError(
                f"this network has {self.num_classes} classes: give a label, "
                f"{self.num_classes} for no class"
            )
        if not self.num_classes and label is not None:
            raise ValueError("this network is unconditional: give no label")


class Linear(nn.Linear):
    """A linear layer as DiT starts it: Xavier-uniform weight, zero bias.

    It casts its input to its weights' dtype. So in a bfloat16 network the matrix products are
    bfloat16 while the token stream between them stays float32, as it does under autocast.
    Starting values are set on creation, where sharded construction can still see whole weights.
    """

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input.to(self.weight.dtype), self.weight, self.bias)


class NormalLinear(Linear):
    """Weight from N(0, 0.02^2): the layers of the time network."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=INIT_STD)
        nn.init.zeros_(self.bias)


class ZeroLinear(Linear):
    """All zero: the layers that must start silent (adaLN-Zero, DiT section 3.2)."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class LabelTable(nn.Embedding):
    """One row per class, and a last one for "no class"; N(0, 0.02^2)."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=INIT_STD)


class TimeEmbedding(nn.Module):
    """(B,) times in [0, 1] -> (B, width): sinusoids of 1000 t, then two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            NormalLinear(TIME_FREQUENCIES, width), nn.SiLU(), NormalLinear(width, width)
        )

    def forward(self, time: Tensor) -> Tensor:
        waves = sinusoids(TIME_SCALE * time.double(), width=TIME_FREQUENCIES)
        sines, cosines = waves.chunk(2, dim=-1)
        embedding: Tensor = self.mlp(torch.cat([cosines, sines], dim=-1))  # DiT's order
        return embedding.float()


class Modulation(nn.Module):
    """``count`` tensors (B, 1, 1, width) that treat every token of a sample alike."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.linear = ZeroLinear(width, count * width)

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        parts: Tensor = self.linear(F.silu(condition)).float()
        return parts[:, None, None].chunk(self.count, dim=-1)


class Axis(NamedTuple):
    """Which tokens see each other: how tokens become sequences, and sequences tokens again."""

    split: str
    merge: str


SPACE = Axis("b t n (qkv heads d) -> qkv (b t) heads n d", "(b t) heads n d -> b t n (heads d)")
TIME = Axis("b t n (qkv heads d) -> qkv (b n) heads t d", "(b n) heads t d -> b t n (heads d)")


class Attention(nn.Module):
    """Self-attention among the cells of one latent frame, or along the frames at one cell."""

    def __init__(self, width: int, heads: int, axis: Axis) -> None:
        super().__init__()
        self.heads = heads
        self.axis = axis
        self.qkv = Linear(width, 3 * width)
        self.out = Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B, t, n, width) -> the same shape."""
        q, k, v = rearrange(self.qkv(x), self.axis.split, qkv=3, heads=self.heads)
        mixed = F.scaled_dot_product_attention(q, k, v)  # (B * t, heads, n, d) or (B * n, ., t, d)
        result: Tensor = self.out(rearrange(mixed, self.axis.merge, b=x.shape[0]))
        return result


class Block(nn.Module):
    """Attention along one axis and an MLP, each behind a modulated norm and a gate (adaLN-Zero)."""

    def __init__(self, config: LatteConfig, axis: Axis) -> None:
        super().__init__()
        width, hidden = config.width, int(config.width * config.mlp_ratio)
        self.modulation = Modulation(width, 6)
        self.attention = Attention(width, config.heads, axis)
        self.mlp = nn.Sequential(
            Linear(width, hidden), nn.GELU(approximate="tanh"), Linear(hidden, width)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Tokens (B, t, n, width) under a condition (B, width) -> tokens of the same shape."""
        parts: tuple[Tensor, ...] = self.modulation(condition)
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = parts
        attended: Tensor = self.attention(modulated_norm(x, shift=shift, scale=scale))
        x = x + gate * attended
        changed: Tensor = self.mlp(modulated_norm(x, shift=mlp_shift, scale=mlp_scale))
        return x + mlp_gate * changed


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


def modulated_norm(x: Tensor, *, shift: Tensor, scale: Tensor) -> Tensor:
    """LayerNorm over the last axis without weights of its own, then scale and shift (adaLN)."""
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS) * (1 + scale) + shift
