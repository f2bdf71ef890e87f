"""Latte: a diffusion Transformer over latent clips, attending in space and in time by turns.

Source: Ma et al., "Latte: Latent diffusion transformer for video generation" (arXiv 2401.03048),
variant 1 (interleaved blocks), without patchify as in PV-VAE, section 4.1: one token per latent
cell. What differs from the published network computes the same numbers: the modulation is
evaluated once per sample instead of once per row, positions are computed instead of stored, and
the position table takes any size.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from arch import ranges
from arch.interface import Denoiser, DenoiserConfig
from arch.layers.attention import Backend, Call, explained
from arch.layers.conditioning import LabelTable, Linear, TimeEmbedding
from arch.layers.latte_block import SPACE, TIME, Block, Final, Widths, line_angles, plane_angles
from arch.layers.sinusoids import plane_positions, sinusoids
from arch.layers.token_group import TokenGroup
from arch.ranges import Channels, Depth, Range
from arch.registry import register


@register(DenoiserConfig, "latte")
@dataclass(frozen=True, kw_only=True)
class LatteConfig(DenoiserConfig):
    """Depth, width and heads as in the Latte paper's Table 1 (S, B, L, XL).

    Raises:
        ValueError: for sizes that do not fit together.
    """

    depth: Annotated[int, Range(2, 1_000)]
    """Blocks in all; even blocks (counting from 0) attend in space, odd ones in time."""

    width: Channels
    """Channels of a token."""

    heads: Depth
    """Attention heads; they divide ``width``."""

    mlp_ratio: Annotated[float, Range(0.0, 100.0, above=True)]
    """Hidden width of a block's MLP over ``width``."""

    qk_norm: bool
    """Whether queries and keys are normed. The published network: no. LightningDiT: steadier and
    a little slower to converge; on where training diverges."""

    mlp: Literal["gelu", "swiglu"]
    """gelu is the published network's; swiglu costs as much."""

    positions: Literal["sinusoids", "rope"]
    """sinusoids, added once for space and once for time, are the published network's; rope turns
    queries and keys in every block, so that other sizes and lengths look more alike."""

    attention_backend: Backend
    """Kernel: auto, or by name one of :data:`arch.layers.attention.Backend`."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.depth % 2:
            raise ValueError(
                f"denoiser.depth must be even (space and time alternate), got {self.depth}"
            )
        if self.width % self.heads or self.width % 4:
            raise ValueError(
                f"denoiser.width must be a multiple of heads and of 4 (sines and cosines of two "
                f"coordinates), got width {self.width} with {self.heads} heads"
            )
        if self.positions == "rope" and self.head_dim % 4:
            raise ValueError(
                f"denoiser.positions: rope turns pairs with rows and with columns, so heads must "
                f"be a multiple of 4 wide, got {self.head_dim}"
            )

    @property
    def head_dim(self) -> int:
        """Channels of one head."""
        return self.width // self.heads

    def portable(self) -> "LatteConfig":
        return replace(self, attention_backend="auto")

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
        self.width, self.head_dim = config.width, config.head_dim
        self.rotary = config.positions == "rope"
        self.backend = config.attention_backend
        self.sequence = TokenGroup()
        self.embed = Linear(config.latent_channels, config.width)
        self.time_embedding = TimeEmbedding(config.width)
        self.label_table = (
            LabelTable(config.num_classes + 1, config.width) if config.num_classes else None
        )
        widths = Widths(
            width=config.width,
            heads=config.heads,
            hidden=int(config.width * config.mlp_ratio),
            qk_norm=config.qk_norm,
            mlp=config.mlp,
            backend=config.attention_backend,
        )
        self.blocks = nn.ModuleList(
            Block(widths, axis) for _ in range(config.depth // 2) for axis in (SPACE, TIME)
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
            time: (B,) in [0, 1], 1 is pure noise; or (B, t), of each latent frame, 0 where it is
                known. Keep it in float32: bfloat16 cannot tell 0.999 from 1.
            label: (B,) integers in [0, num_classes], the last being "no class"; None for an
                unconditional network.

        Raises:
            ValueError: for a wrong number of channels, or a label missing or not wanted.
        """
        self._check(x, label)
        _, _, t, h, w = x.shape
        condition = self._condition(time, label)  # (B, 1 or t, width)
        of_frames = self.sequence.split(condition, dim=1) if time.ndim == 2 else condition
        tokens = self.embed(rearrange(x, "b c t h w -> b t (h w) c"))
        if not self.rotary:
            tokens = tokens + plane_positions(h, w, width=self.width, device=x.device)
        plane, line = self._angles(t, h, w, device=x.device)
        tokens = self.sequence.split(tokens, dim=1)
        for index, block in enumerate(self.blocks):
            if index % 2:  # from some frames to some cells, each at all times
                tokens = self.sequence.exchange(tokens, whole=1, length=t, split=2)
            elif index:
                tokens = self.sequence.exchange(tokens, whole=2, length=h * w, split=1)
            if index == 1 and not self.rotary:  # the published network adds it only here
                times = sinusoids(torch.arange(t, device=x.device), width=self.width)
                tokens = tokens + rearrange(times, "t d -> t 1 d")
            # (B, t, h * w, width)
            tokens = (
                block(tokens, condition, line) if index % 2 else block(tokens, of_frames, plane)
            )
        velocity = self.sequence.gather(self.final(tokens, condition), dim=2, length=h * w)
        return rearrange(velocity, "b t (h w) c -> b c t h w", h=h, w=w)

    def _condition(self, time: Tensor, label: Tensor | None) -> Tensor:
        """What tells blocks time and class: (B, 1, width), or (B, t, width) of times (B, t)."""
        condition: Tensor = self.time_embedding(time if time.ndim == 2 else time[:, None])
        if self.label_table is not None:
            condition = condition + self.label_table(label)[:, None]
        return condition

    def _angles(
        self, t: int, h: int, w: int, *, device: torch.device
    ) -> tuple[Tensor | None, Tensor | None]:
        """Rotary angles of spatial and of temporal blocks, if positions are rotary."""
        if not self.rotary:
            return None, None
        plane = plane_angles(h, w, head_dim=self.head_dim, device=device)
        return plane, line_angles(t, pairs=self.head_dim // 2, device=device)

    def attention_used(self, device: torch.device, dtype: torch.dtype) -> str:
        return explained(self.backend, Call.on(device, dtype, self.head_dim, learns=True))

    def check_sharing(self, processes: int) -> None:
        """Any number can: no process attends along an axis that it has a part of."""

    def share(self, sequence: TokenGroup) -> None:
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
