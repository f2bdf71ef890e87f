"""The Transformer backbone: patches of 4 x 16 x 16 pixels, 12 + 12 blocks, 1.2B parameters.

Source: "Video Generation with Predictive Latents", section 5 and Table 7: a plain Transformer over
4 x 16 x 16 patches, encoder and decoder of 12 layers each, 16 heads of 128, pixel-shuffle output.
The paper does not say how the first frame becomes a group, nor whether attention is causal; both
choices here are ours, and ``attention`` offers the two readings of the second.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.layers import rope
from arch.layers.attention import Backend, attention
from arch.layers.causal_conv import repeat_first
from arch.layers.norm import EPS
from arch.layers.sequence import Sequence, check_heads
from arch.registry import register

INIT_STD = 0.02
"""Standard deviation of fresh linear layers, as in ViT and its descendants."""

INITIAL_LOGVAR = -4.0
"""Of a fresh encoder. Ours: at 0 the noise exceeds the mean, and little is learned at first."""


@register(BackboneConfig, "vit")
@dataclass(frozen=True, kw_only=True)
class ViTConfig(BackboneConfig):
    """Patch embedding, pre-norm blocks, a linear map to the latent, and the same way back."""

    patch: tuple[int, int, int]
    """Pixels of one token along (time, height, width): the stride; height equals width."""

    width: int
    """Channels of a token."""

    heads: int
    """Attention heads; ``width / heads`` channels each."""

    encoder_blocks: int
    """Transformer blocks of the encoder."""

    decoder_blocks: int
    """Transformer blocks of the decoder."""

    mlp_ratio: int
    """Width of a block's hidden layer over ``width``."""

    rope_base: float
    """Slowest rotary wavelength, in cells over 2 pi."""

    attention: Literal["full", "block_causal"]
    """Whether a token sees all groups, or its own and earlier ones only."""

    window: int | None
    """For block_causal: how many groups a token sees, its own included; null is all of them."""

    attention_backend: Backend
    """Kernel of unmasked attention: auto, flash-attn, xformers or sdpa."""

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together.

        Raises:
            ValueError: naming the key.
        """
        if self.patch[1] != self.patch[2]:
            raise ValueError(f"patch: height and width must be equal, got {self.patch}")
        if self.width % self.heads:
            raise ValueError(f"heads: must divide width ({self.width}), got {self.heads}")
        rope.split_head(self.width // self.heads)
        if self.window is not None and (self.attention == "full" or self.window < 1):
            raise ValueError(
                f"window: needs attention: block_causal and at least 1 group, got {self.window}"
            )

    def build(self) -> "ViT":
        return ViT(self)


class ViT(Backbone):
    """Tokens are groups of frames; the first frame counts as a group of itself repeated.

    Source: section 5. Repeating the first frame lets it through the one patch embedding, and
    averaging its group's frames on the way out lets it through the one head, so that an image is
    a motionless clip and image pretraining leaves nothing untrained.
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.stride = Stride(time=config.patch[0], space=config.patch[1])
        self.latent_channels = config.latent_channels
        self.causal = config.attention == "block_causal"
        self.heads = config.heads
        self.encoder: Encoder = Encoder(config)
        self.decoder: Decoder = Decoder(config)

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        return self.decoder.head

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """The Transformer blocks."""
        return (*self.encoder.trunk.blocks, *self.decoder.trunk.blocks)

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group; full attention hides the tokens of unobserved groups."""
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        return Posterior.from_moments(self.encoder(x, None if self.causal else observed))

    def decode(self, z: Tensor) -> Tensor:
        out: Tensor = self.decoder(z)
        return out

    def check_sharing(self, processes: int) -> None:
        check_heads(self.heads, processes)

    def share(self, sequence: Sequence) -> None:
        """Embedding and head see all tokens, the blocks between them this process's part."""
        super().share(sequence)
        for module in self.modules():
            if isinstance(module, Trunk | SelfAttention):
                module.sequence = sequence


class Encoder(nn.Module):
    """(B, 3, T, H, W) -> moments (B, 2c, t, h, w)."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.patch = config.patch
        self.embed = _linear(3 * _pixels(config.patch), config.width)
        self.trunk = Trunk(config, blocks=config.encoder_blocks)
        self.moments = _linear(config.width, 2 * config.latent_channels)
        nn.init.constant_(self.moments.bias[config.latent_channels :], INITIAL_LOGVAR)

    def forward(self, x: Tensor, observed: Tensor | None = None) -> Tensor:
        r, p, q = self.patch
        x = repeat_first(x, r - 1)  # the first group is now p_t equal frames
        patches = rearrange(x, "b c (t r) (h p) (w q) -> b t h w (r p q c)", r=r, p=p, q=q)
        tokens = self.trunk(self.embed(patches), observed)
        moments: Tensor = self.moments(tokens)
        return rearrange(moments, "b t h w c -> b c t h w")


class Decoder(nn.Module):
    """(B, c, t, h, w) -> pixels (B, 3, T, H, W)."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.embed = _linear(config.latent_channels, config.width)
        self.trunk = Trunk(config, blocks=config.decoder_blocks)
        self.head = PixelShuffle(config.width, patch=config.patch)

    def forward(self, z: Tensor) -> Tensor:
        tokens = self.trunk(self.embed(rearrange(z, "b c t h w -> b t h w c")), None)
        out: Tensor = self.head(tokens)
        return out


class PixelShuffle(nn.Module):
    """The head: tokens (B, t, h, w, D) -> pixels (B, 3, 1 + (t - 1) * p_t, H, W), linearly.

    The frames of the first group are averaged into the first frame. Since they start equal and
    then get equal gradients from images, a network that has only seen images decodes a clip as
    motionless; keeping one of them instead would leave the rest of the head untrained.
    """

    def __init__(self, width: int, *, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.patch = patch
        self.linear = _linear(width, 3 * _pixels(patch))
        frames = rearrange(self.linear.weight.data, "(r pixels) d -> r pixels d", r=patch[0])
        frames.copy_(frames[:1].clone().expand_as(frames))

    def forward(self, tokens: Tensor) -> Tensor:
        r, p, q = self.patch
        x = rearrange(
            self.linear(tokens), "b t h w (r p q c) -> b c t r (h p) (w q)", r=r, p=p, q=q
        )
        first = reduce(x[:, :, :1], "b c t r h w -> b c t h w", "mean")
        return torch.cat([first, rearrange(x[:, :, 1:], "b c t r h w -> b c (t r) h w")], dim=2)


class Trunk(nn.Module):
    """Transformer blocks over all tokens of a clip, then a norm: (B, t, h, w, D) -> the same."""

    def __init__(self, config: ViTConfig, *, blocks: int) -> None:
        super().__init__()
        self.head_dim = config.width // config.heads
        self.rope_base = config.rope_base
        self.sequence = Sequence()
        self.blocks = nn.ModuleList(Block(config) for _ in range(blocks))
        self.norm = nn.RMSNorm(config.width, eps=EPS)

    def forward(self, x: Tensor, observed: Tensor | None) -> Tensor:
        """``observed`` (B,): how many leading groups of each clip may be looked at."""
        grid = t, h, w = x.shape[1], x.shape[2], x.shape[3]
        angle = rope.angles(grid, head_dim=self.head_dim, base=self.rope_base, device=x.device)
        mask = None if observed is None else _visible(observed, grid)
        tokens = self.sequence.split(rearrange(x, "b t h w d -> b (t h w) d"), dim=1)
        for block in self.blocks:  # of N = t * h * w tokens each process holds n
            tokens = block(tokens, angle, groups=t, mask=mask)
        tokens = self.sequence.gather(self.norm(tokens), dim=1, length=t * h * w)
        return rearrange(tokens, "b (t h w) d -> b t h w d", t=t, h=h, w=w)


class Block(nn.Module):
    """Attention, then an MLP, each on normed tokens and added back. Starts as the identity."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.mlp_ratio * config.width
        self.norm1 = nn.RMSNorm(width, eps=EPS)
        self.attention = SelfAttention(config)
        self.norm2 = nn.RMSNorm(width, eps=EPS)
        self.wide = _linear(width, hidden)
        self.narrow = _linear(hidden, width)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor, angle: Tensor, *, groups: int, mask: Tensor | None) -> Tensor:
        x = x + self.attention(self.norm1(x), angle, groups=groups, mask=mask)
        out: Tensor = x + self.narrow(F.gelu(self.wide(self.norm2(x)), approximate="tanh"))
        return out


class SelfAttention(nn.Module):
    """Attention among a clip's tokens with rotary positions and normed queries and keys.

    The query-key norm is ours: without it logits of large Transformers grow until bfloat16
    training diverges (ViT-22B).
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.causal = config.attention == "block_causal"
        self.window = config.window
        self.backend = config.attention_backend
        self.sequence = Sequence()
        self.qkv = _linear(config.width, 3 * config.width)
        self.norm_q = nn.RMSNorm(config.width // config.heads, eps=EPS)
        self.norm_k = nn.RMSNorm(config.width // config.heads, eps=EPS)
        self.out = _linear(config.width, config.width)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, angle: Tensor, *, groups: int, mask: Tensor | None) -> Tensor:
        """(B, n, D) -> (B, n, D), this process's of N tokens, which are ``groups`` equal runs."""
        qkv = rearrange(self.qkv(x), "b n (three k d) -> three b k n d", three=3, k=self.heads)
        qkv = self.sequence.exchange(qkv, whole=3, length=len(angle), split=2)  # N, some heads
        q = rope.rotate(self.norm_q(qkv[0]), angle)
        k = rope.rotate(self.norm_k(qkv[1]), angle)
        if self.causal:
            mixed = self._block_causal(q, k, qkv[2], groups)
        else:
            mixed = attention(q, k, qkv[2], mask=mask, backend=self.backend)
        mixed = self.sequence.exchange(mixed, whole=1, length=self.heads, split=2)  # n, all heads
        out: Tensor = self.out(rearrange(mixed, "b k n d -> b n (k d)"))
        return out

    def _block_causal(self, q: Tensor, k: Tensor, v: Tensor, groups: int) -> Tensor:
        """Each group looks at itself and what came before it.

        One unmasked call a group: exact, fit for every backend, and it skips the half that a mask
        would compute and throw away.
        """
        size = q.shape[2] // groups
        parts = []
        for group in range(groups):
            start = 0 if self.window is None else max(group + 1 - self.window, 0) * size
            end = (group + 1) * size
            parts.append(
                attention(
                    q[:, :, end - size : end],
                    k[:, :, start:end],
                    v[:, :, start:end],
                    backend=self.backend,
                )
            )
        return torch.cat(parts, dim=2)


def _visible(observed: Tensor, grid: tuple[int, int, int]) -> Tensor:
    """Boolean (B, 1, 1, t * h * w): True at tokens of the groups that may be looked at."""
    seen = torch.arange(grid[0], device=observed.device) < observed[:, None]
    return repeat(seen, "b t -> b 1 1 (t hw)", hw=grid[1] * grid[2])


def _linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=INIT_STD)
    nn.init.zeros_(layer.bias)
    return layer


def _pixels(patch: tuple[int, int, int]) -> int:
    return patch[0] * patch[1] * patch[2]
