"""Transformer blocks over the tokens of a clip: the trunk of both halves of ``vit``."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch import ranges
from arch.layers import rope
from arch.layers import token_group as sharing
from arch.layers.attention import Backend, Interval, IntervalMask, Mask, PrefixMask, attention
from arch.layers.norm import EPS
from arch.layers.streaming import Past, Stream
from arch.ranges import Channels, Count, Depth, Range


def pack(batches: Sequence[Tensor]) -> Tensor:
    """Batches (B, t, h, w, D), each of its own sizes -> all their tokens (1, N, D)."""
    return torch.cat([x.flatten(0, 3) for x in batches])[None]


def unpack(tokens: Tensor, batches: Sequence[Tensor]) -> list[Tensor]:
    """The tokens (1, N, D) in the sizes of what was packed."""
    shapes = [x.shape[:4] for x in batches]
    parts = torch.split(tokens[0], [prod(shape) for shape in shapes])
    return [part.view(*shape, -1) for part, shape in zip(parts, shapes, strict=True)]


INIT_STD = 0.02
"""Standard deviation of fresh linear layers, as in ViT and its descendants."""


@dataclass(frozen=True, kw_only=True)
class TrunkConfig:
    """Sizes of the blocks, and what a token sees."""

    width: Channels
    """Channels of a token."""

    heads: Depth
    """Attention heads; ``width / heads`` channels each."""

    mlp_ratio: Annotated[int, Range(1, 100)]
    """Width of a block's hidden layer over ``width``."""

    rope_base: Annotated[float, Range(1.0, 1e9, above=True)]
    """Slowest rotary wavelength, in cells over 2 pi."""

    attention: Literal["full", "block_causal"]
    """Whether a token sees all groups, or its own and earlier ones only."""

    window: Count | None
    """For block_causal: how many groups a token sees, its own included; null is all of them."""

    attention_backend: Backend
    """Kernel: auto, or by name one of :data:`arch.layers.attention.Backend`."""

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together.

        Raises:
            ValueError: naming the key.
        """
        ranges.check(self)
        if self.width % self.heads:
            raise ValueError(f"heads: must divide width ({self.width}), got {self.heads}")
        rope.split_head(self.width // self.heads)
        if self.window is not None and self.attention == "full":
            raise ValueError(f"window: needs attention: block_causal, got {self.window}")


class TransformerStack(Stream, nn.Module):
    """Transformer blocks over all tokens of a clip, then a norm: (B, t, h, w, D) -> the same."""

    def __init__(self, config: TrunkConfig, *, blocks: int) -> None:
        super().__init__()
        self.head_dim = config.width // config.heads
        self.rope_base = config.rope_base
        self.causal = config.attention == "block_causal"
        self.window = config.window
        self.sequence = sharing.TokenGroup()
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(blocks))
        self.norm = nn.RMSNorm(config.width, eps=EPS)

    def forward(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """``observed`` (B,): how many leading groups of each clip may be looked at."""
        grid = t, h, w = x.shape[1], x.shape[2], x.shape[3]
        sight: Mask = None
        if observed is not None:
            sight = PrefixMask.of(observed * (h * w), keys=t * h * w)
        if self.causal:
            sight = self._runs(grid, t)
        angle = self._angle(grid, x.device)
        tokens = self._through(rearrange(x, "b t h w d -> b (t h w) d"), angle, sight)
        return rearrange(tokens, "b (t h w) d -> b t h w d", t=t, h=h, w=w)

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """The past: groups seen, then each block's keys and values of those within its window.

        Raises:
            ValueError: if attention is not causal.
        """
        if not self.causal:
            raise ValueError(
                "attention: full looks at all of a clip at once and cannot stream; "
                "use block_causal, or encode clip by clip"
            )
        t, h, w = x.shape[1:4]
        start, memories = (0, (None,) * len(self.blocks)) if past is None else past
        angle = self._angle((t, h, w), x.device, start=start)
        tokens, kept = rearrange(x, "b t h w d -> b (t h w) d"), []
        for block, memory in zip(self.blocks, memories, strict=True):
            assert isinstance(block, TransformerBlock)
            tokens, memory = block.stream(tokens, angle, groups=t, past=memory)
            kept.append(memory)
        tokens = rearrange(self.norm(tokens), "b (t h w) d -> b t h w d", t=t, h=h, w=w)
        return tokens, (start + t, tuple(kept))

    def packed(
        self, batches: Sequence[Tensor], observed: Sequence[Tensor] | None = None
    ) -> list[Tensor]:
        """Clips of several sizes, none of which sees another, in one pass without padding.

        Args:
            batches: (B, t, h, w, D) each, equal clips within.
            observed: for each batch (B,), as in :meth:`forward`; read from the device.
        """
        angles, runs = [], []
        for index, x in enumerate(batches):
            grid = t, _, _ = x.shape[1], x.shape[2], x.shape[3]
            seen = [t] * len(x) if observed is None else observed[index].tolist()
            angles += [self._angle(grid, x.device)] * len(x)
            runs += [self._runs(grid, groups) for groups in seen]
        return unpack(
            self._through(pack(batches), torch.cat(angles), IntervalMask.packed(runs)), batches
        )

    def _runs(self, grid: tuple[int, int, int], observed: int) -> IntervalMask:
        """What each token of a clip sees; a causal one sees nothing unobserved that matters."""
        t, h, w = grid
        if self.causal:
            return IntervalMask.block_causal(t, size=h * w, window=self.window)
        return IntervalMask((Interval(t * h * w, 0, observed * h * w),), keys=t * h * w)

    def _through(self, tokens: Tensor, angle: Tensor, sight: Mask) -> Tensor:
        """All blocks and the norm: of N tokens (B, N, D) each process holds n in between."""
        length = tokens.shape[1]
        tokens = self.sequence.split(tokens, dim=1)
        for block in self.blocks:
            tokens = block(tokens, angle, sight=sight)
        return self.sequence.gather(self.norm(tokens), dim=1, length=length)

    def _angle(self, grid: tuple[int, int, int], device: torch.device, *, start: int = 0) -> Tensor:
        return rope.angles(
            grid, head_dim=self.head_dim, base=self.rope_base, device=device, start=start
        )


class TransformerBlock(nn.Module):
    """Attention, then an MLP, each on normed tokens and added back. Starts as the identity."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.mlp_ratio * config.width
        self.norm1 = nn.RMSNorm(width, eps=EPS)
        self.attention = SelfAttention(config)
        self.norm2 = nn.RMSNorm(width, eps=EPS)
        self.wide = linear(width, hidden)
        self.narrow = linear(hidden, width)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor, angle: Tensor, *, sight: Mask) -> Tensor:
        return self._mlp(x + self.attention(self.norm1(x), angle, sight=sight))

    def stream(
        self, x: Tensor, angle: Tensor, *, groups: int, past: Past | None
    ) -> tuple[Tensor, Past]:
        """A chunk of ``groups`` groups, as :class:`arch.layers.streaming.Stream` has it."""
        mixed, past = self.attention.stream(self.norm1(x), angle, groups=groups, past=past)
        return self._mlp(x + mixed), past

    def _mlp(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.narrow(F.gelu(self.wide(self.norm2(x)), approximate="tanh"))
        return out


class SelfAttention(nn.Module):
    """Attention among a clip's tokens with rotary positions and normed queries and keys.

    The query-key norm is ours: without it logits of large Transformers grow until bfloat16
    training diverges (ViT-22B).
    """

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.window = config.window
        self.backend = config.attention_backend
        self.sequence = sharing.TokenGroup()
        self.qkv = linear(config.width, 3 * config.width)
        self.norm_q = nn.RMSNorm(config.width // config.heads, eps=EPS)
        self.norm_k = nn.RMSNorm(config.width // config.heads, eps=EPS)
        self.out = linear(config.width, config.width)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, angle: Tensor, *, sight: Mask) -> Tensor:
        """(B, n, D) -> (B, n, D), this process's of N tokens, which see what ``sight`` says."""
        q, k, v = self._queries_keys_values(x, angle)  # N tokens, some heads
        mixed = attention(q, k, v, sight=sight, backend=self.backend)
        mixed = self.sequence.exchange(mixed, whole=1, length=self.heads, split=2)  # n, all heads
        return self._merge(mixed)

    def stream(
        self, x: Tensor, angle: Tensor, *, groups: int, past: Past | None
    ) -> tuple[Tensor, Past]:
        """The past: keys and values of all groups, or of as many as the window reaches back to."""
        q, k, v = self._queries_keys_values(x, angle)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        size, kept = x.shape[1] // groups, k.shape[2]
        before = kept // size - groups
        sight = IntervalMask.block_causal(groups, size=size, window=self.window, before=before)
        mixed = attention(q, k, v, sight=sight, backend=self.backend)
        if self.window is not None:
            kept = min(kept, (self.window - 1) * size)
        begin = k.shape[2] - kept
        return self._merge(mixed), (k[:, :, begin:].clone(), v[:, :, begin:].clone())

    def _queries_keys_values(self, x: Tensor, angle: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        qkv = rearrange(self.qkv(x), "b n (three k d) -> three b k n d", three=3, k=self.heads)
        qkv = self.sequence.exchange(qkv, whole=3, length=len(angle), split=2)
        q = rope.rotate(self.norm_q(qkv[0]), angle)
        return q, rope.rotate(self.norm_k(qkv[1]), angle), qkv[2]

    def _merge(self, mixed: Tensor) -> Tensor:
        out: Tensor = self.out(rearrange(mixed, "b k n d -> b n (k d)"))
        return out


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer as Transformers start it."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=INIT_STD)
    nn.init.zeros_(layer.bias)
    return layer
