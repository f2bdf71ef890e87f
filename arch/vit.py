"""The Transformer backbone: patches of 4 x 16 x 16 pixels, 12 + 12 blocks, 1.2B parameters.

Source: "Video Generation with Predictive Latents", section 5 and Table 7: a plain Transformer over
4 x 16 x 16 patches, encoder and decoder of 12 layers each, 16 heads of 128, pixel-shuffle output.
The paper does not say how the first frame becomes a group, nor whether attention is causal; both
choices here are ours, and ``attention`` offers the two readings of the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange, reduce
from torch import Tensor, nn

from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.layers import token_group as sharing
from arch.layers.attention import Call, explained
from arch.layers.causal_conv import repeat_first
from arch.layers.streaming import Past, Stream, check_chunk
from arch.layers.trunk import SelfAttention, TransformerStack, TrunkConfig, linear
from arch.ranges import Cells, Depth
from arch.registry import register

INITIAL_LOGVAR = -4.0
"""Log-variance of a fresh encoder. Ours: at 0 the noise exceeds the mean, and little is learned."""


@register(BackboneConfig, "vit")
@dataclass(frozen=True, kw_only=True)
class ViTConfig(BackboneConfig, TrunkConfig):
    """Patch embedding, pre-norm blocks, a linear map to the latent, and the same way back."""

    patch: tuple[Cells, Cells, Cells]
    """Pixels of one token along (time, height, width): the stride; height equals width."""

    encoder_blocks: Depth
    """Transformer blocks of the encoder."""

    decoder_blocks: Depth
    """Transformer blocks of the decoder."""

    def __post_init__(self) -> None:
        """Refuse patches that are not square, and what :class:`TrunkConfig` refuses.

        Raises:
            ValueError: naming the key.
        """
        super().__post_init__()
        if self.patch[1] != self.patch[2]:
            raise ValueError(f"patch: height and width must be equal, got {self.patch}")

    def portable(self) -> "ViTConfig":
        return replace(self, attention_backend="auto")

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
        self.head_dim = config.width // config.heads
        self.backend = config.attention_backend
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

    def encode_packed(
        self, clips: Sequence[Tensor], observed: Sequence[Tensor] | None = None
    ) -> list[Posterior]:
        """Encode clips of several lengths and resolutions in one pass.

        Their tokens lie in one row without padding, and no clip sees another. What is not
        attention runs once over all of them, and so does attention where a kernel takes packed
        sequences (flash-attn, xformers, flex); torch's own takes one clip after the other.

        Args:
            clips: pixels (B, 3, T, H, W) each; clips of one tensor are of one size.
            observed: for each tensor its (B,) numbers of leading groups that may be looked at.
        """
        for x in clips:
            self.latent_frames(x.shape[2])
            self.check_size(*x.shape[3:])
        return [Posterior.from_moments(m) for m in self.encoder.packed(clips, observed)]

    def decode_packed(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """Decode latents (B, c, t, h, w) of several sizes in one pass."""
        return self.decoder.packed(latents)

    def attention_used(self, device: torch.device, dtype: torch.dtype) -> str:
        return explained(self.backend, Call.on(device, dtype, self.head_dim, learns=True))

    def check_sharing(self, processes: int) -> None:
        sharing.check_heads(self.heads, processes)

    def share(self, sequence: sharing.TokenGroup) -> None:
        """Embedding and head see all tokens, the blocks between them this process's part."""
        super().share(sequence)
        for module in self.modules():
            if isinstance(module, TransformerStack | SelfAttention):
                module.sequence = sequence


class Encoder(Stream, nn.Module):
    """(B, 3, T, H, W) -> moments (B, 2c, t, h, w)."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.patch = config.patch
        self.embed = linear(3 * _pixels(config.patch), config.width)
        self.trunk = TransformerStack(config, blocks=config.encoder_blocks)
        self.moments = linear(config.width, 2 * config.latent_channels)
        nn.init.constant_(self.moments.bias[config.latent_channels :], INITIAL_LOGVAR)

    def forward(self, x: Tensor, observed: Tensor | None = None) -> Tensor:
        return self._moments(self.trunk(self._embed(x, first=True), observed))

    def packed(
        self, clips: Sequence[Tensor], observed: Sequence[Tensor] | None = None
    ) -> list[Tensor]:
        """Moments of each of several batches of clips, each batch of its own size."""
        tokens = self.trunk.packed([self._embed(x, first=True) for x in clips], observed)
        return [self._moments(part) for part in tokens]

    def stream(self, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        check_chunk(x.shape[2], stride=self.patch[0], first=past is None)
        tokens, past = self.trunk.stream(self._embed(x, first=past is None), past)
        return self._moments(tokens), past

    def _embed(self, x: Tensor, *, first: bool) -> Tensor:
        r, p, q = self.patch
        x = repeat_first(x, r - 1) if first else x  # the first group becomes p_t equal frames
        patches = rearrange(x, "b c (t r) (h p) (w q) -> b t h w (r p q c)", r=r, p=p, q=q)
        tokens: Tensor = self.embed(patches)
        return tokens

    def _moments(self, tokens: Tensor) -> Tensor:
        moments: Tensor = self.moments(tokens)
        return rearrange(moments, "b t h w c -> b c t h w")


class Decoder(Stream, nn.Module):
    """(B, c, t, h, w) -> pixels (B, 3, T, H, W)."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.embed = linear(config.latent_channels, config.width)
        self.trunk = TransformerStack(config, blocks=config.decoder_blocks)
        self.head = PixelShuffle(config.width, patch=config.patch)

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.head(self.trunk(self._embed(z), None))
        return out

    def packed(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """Pixels of each of several batches of latents, each batch of its own size."""
        tokens = self.trunk.packed([self._embed(z) for z in latents])
        return [self.head(part) for part in tokens]

    def stream(self, z: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        first = past is None
        tokens, past = self.trunk.stream(self._embed(z), past)
        return self.head(tokens, first=first), past

    def _embed(self, z: Tensor) -> Tensor:
        tokens: Tensor = self.embed(rearrange(z, "b c t h w -> b t h w c"))
        return tokens


class PixelShuffle(nn.Module):
    """The head: tokens (B, t, h, w, D) -> pixels (B, 3, 1 + (t - 1) * p_t, H, W), linearly.

    The frames of the first group are averaged into the first frame. Since they start equal and
    then get equal gradients from images, a network that has only seen images decodes a clip as
    motionless; keeping one of them instead would leave the rest of the head untrained.
    """

    def __init__(self, width: int, *, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.patch = patch
        self.linear = linear(width, 3 * _pixels(patch))
        frames = rearrange(self.linear.weight.data, "(r pixels) d -> r pixels d", r=patch[0])
        frames.copy_(frames[:1].clone().expand_as(frames))

    def forward(self, tokens: Tensor, *, first: bool = True) -> Tensor:
        """``first``: whether the clip begins here."""
        r, p, q = self.patch
        x = rearrange(
            self.linear(tokens), "b t h w (r p q c) -> b c t r (h p) (w q)", r=r, p=p, q=q
        )
        frame = reduce(x[:, :, :1], "b c t r h w -> b c t h w", "mean") if first else x[:, :, :0, 0]
        rest = x[:, :, 1:] if first else x
        return torch.cat([frame, rearrange(rest, "b c t r h w -> b c (t r) h w")], dim=2)


def _pixels(patch: tuple[int, int, int]) -> int:
    return patch[0] * patch[1] * patch[2]
