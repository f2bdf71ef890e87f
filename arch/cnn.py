"""The convolutional backbone: causal 3D convolutions, 4 x in time and 16 x in space.

Source: "Video Generation with Predictive Latents", section 3.1: "two stages of spatiotemporal
downsampling", then "two additional spatial downsampling operations", and a decoder "symmetric to
the encoder"; 661M parameters (Table 1). The paper gives no widths; ours were chosen to give its
parameter count with a narrow finest level, where time and memory go. Average and duplicate
shortcuts around the resamplers: DC-AE.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from arch import ranges
from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.layers.attention import attention
from arch.layers.causal_conv import CausalConv3d
from arch.layers.norm import ChannelRMSNorm
from arch.layers.resample import Downsample, Factor, Upsample, cells_of
from arch.layers.streaming import Past, Stream, by_group, check_chunk, part, through
from arch.ranges import Channels, Extra
from arch.registry import register

TRANSITIONS: tuple[Factor, ...] = ((2, 2, 2), (2, 2, 2), (1, 2, 2), (1, 2, 2))
"""From each resolution to the next coarser one (section 3.1)."""

SHORTCUT_ORDERS = ("p q r", "q p r", "p q r", "q p r")
"""Order of merged cells (r in time, p in height, q in width) among the shortcuts' channels.

Ours. Neighbours in this order are averaged, so the first letter is what survives: height and
width in turn, so that widths which double keep a 4 x 4 grid of each latent cell on the shortcuts
alone. With time first, as peers have it, halves in time would survive, which images lack.
"""

INITIAL_LOGVAR = -4.0
"""Log-variance of a fresh encoder. Ours: at 0 the noise exceeds the mean, and little is learned."""


@register(BackboneConfig, "cnn")
@dataclass(frozen=True, kw_only=True)
class CNNConfig(BackboneConfig):
    """Two space-time stages, then two space-only stages: stride 4 in time, 16 in space."""

    encoder_channels: tuple[Channels, Channels, Channels, Channels, Channels]
    """Feature width of the encoder at each resolution, finest first."""

    decoder_channels: tuple[Channels, Channels, Channels, Channels, Channels]
    """Feature width of the decoder at each resolution, finest first."""

    encoder_blocks: tuple[Extra, Extra, Extra, Extra, Extra]
    """Residual blocks of the encoder at each resolution, finest first."""

    decoder_blocks: tuple[Extra, Extra, Extra, Extra, Extra]
    """Residual blocks of the decoder at each resolution, finest first."""

    encoder_attentions: Extra
    """Attentions among the encoder's two middle blocks: 0, 1 (between them) or 2 (and after)."""

    decoder_attentions: Extra
    """Attentions among the decoder's two middle blocks: 0, 1 (between them) or 2 (and after)."""

    head_dim: Channels
    """Channels of one attention head; above 256 no flash kernel takes it."""

    def __post_init__(self) -> None:
        """Refuse widths whose shortcuts or heads do not come out even.

        Raises:
            ValueError: naming the key and the two widths.
        """
        ranges.check(self)
        latents = self.latent_channels
        _check_widths("encoder_channels", self.encoder_channels, 2 * latents, self.head_dim)
        _check_widths("decoder_channels", self.decoder_channels, latents, self.head_dim)

    def build(self) -> "CNN":
        return CNN(self)


class CNN(Backbone):
    """Encoder and decoder with a causal view of time; an image is a clip of one frame.

    In evaluation without gradients the finest two resolutions, where memory goes, are computed
    group by group, and the others, where most weights are, at once: tensors alive beside the
    weights, for 4 clips of 17 x 256 x 256 in float32, are 3.3 GiB instead of 5.5.
    """

    stride = Stride(time=4, space=16)
    causal = True

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        self.latent_channels = config.latent_channels
        self.encoder: Encoder = Encoder(config)
        self.decoder: Decoder = Decoder(config)

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        return self.decoder.head

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """Everything between the outer convolutions but the decoder's last norm."""
        layers = [*self.encoder.layers, *self.decoder.layers]
        return tuple(layer for layer in layers if isinstance(layer, SEGMENTS))

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group; ``observed`` needs no care, since no group sees a later one."""
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        return Posterior.from_moments(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        out: Tensor = self.decoder(z)
        return out


class Encoder(Stream, nn.Module):
    """(B, 3, T, H, W) -> moments (B, 2c, t, h, w).

    The last features also reach the moments as plain averages over channels. The norm before the
    convolution discards amplitudes, and with them much of what a fresh network has to tell: the
    best linear map to 4 x 16 x 16 pixels scores 20.7 dB before the norm, 16.9 dB after it and
    12.7 dB after the convolution (random moving textures). Shortcut as in DC-AE, HunyuanVideo-1.5.
    """

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        widths = config.encoder_channels
        layers: list[nn.Module] = [CausalConv3d(3, widths[0])]
        for level, blocks in enumerate(config.encoder_blocks):
            if level > 0:
                factor = TRANSITIONS[level - 1]
                layers.append(
                    Downsample(
                        widths[level - 1],
                        widths[level],
                        factor=factor,
                        order=SHORTCUT_ORDERS[level - 1],
                    )
                )
            layers += [ResBlock(widths[level]) for _ in range(blocks)]
        layers += _middle(widths[-1], config.encoder_attentions, config.head_dim)
        moments = 2 * config.latent_channels
        self.layers = nn.Sequential(*layers)
        self.fine = 1 + max(i for i, layer in enumerate(layers) if _changes_time(layer))
        self.out = nn.Sequential(
            ChannelRMSNorm(widths[-1]), nn.SiLU(), CausalConv3d(widths[-1], moments)
        )
        self.moments = CausalConv3d(moments, moments, kernel=1)
        assert self.moments.bias is not None
        nn.init.zeros_(self.moments.weight[config.latent_channels :])
        nn.init.constant_(self.moments.bias[config.latent_channels :], INITIAL_LOGVAR)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last_3d)
        if self.training or torch.is_grad_enabled():
            x = self.layers(x)
        else:
            layers = list(self.layers)
            x = by_group(layers[: self.fine], x, stride=CNN.stride.time)
            for layer in layers[self.fine :]:
                x = layer(x)
        out: Tensor = self.moments(self.out(x) + self._average(x))
        return out

    def stream(self, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        check_chunk(x.shape[2], stride=CNN.stride.time, first=past is None)
        x = x.contiguous(memory_format=torch.channels_last_3d)
        x, layers = through(self.layers, x, part(past, 0))
        y, out = through(self.out, x, part(past, 1))
        moments: Tensor = self.moments(y + self._average(x))
        return moments, (layers, out)

    def _average(self, x: Tensor) -> Tensor:
        return reduce(x, "b (c g) t h w -> b c t h w", "mean", c=self.moments.in_channels)


class Decoder(Stream, nn.Module):
    """(B, c, t, h, w) -> pixels (B, 3, T, H, W). The latent enters beside copies of itself."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        widths, c = config.decoder_channels, config.latent_channels
        self.mix = CausalConv3d(c, c, kernel=1)
        self.enter = CausalConv3d(c, widths[-1])
        self.copies = widths[-1] // c
        layers = _middle(widths[-1], config.decoder_attentions, config.head_dim)
        for level in reversed(range(len(widths))):
            layers += [ResBlock(widths[level]) for _ in range(config.decoder_blocks[level])]
            if level > 0:
                factor = TRANSITIONS[level - 1]
                layers.append(
                    Upsample(
                        widths[level],
                        widths[level - 1],
                        factor=factor,
                        order=SHORTCUT_ORDERS[level - 1],
                    )
                )
        layers += [ChannelRMSNorm(widths[0]), nn.SiLU()]
        self.layers = nn.Sequential(*layers)
        self.fine = min(i for i, layer in enumerate(layers) if _changes_time(layer))
        self.head = CausalConv3d(widths[0], 3)

    def forward(self, z: Tensor) -> Tensor:
        z = z.contiguous(memory_format=torch.channels_last_3d)
        z = self.mix(z)
        x = self.enter(z) + repeat(z, "b c t h w -> b (c n) t h w", n=self.copies)
        if self.training or torch.is_grad_enabled():
            out: Tensor = self.head(self.layers(x))
            return out
        layers = [*self.layers, self.head]
        for layer in layers[: self.fine]:
            x = layer(x)
        return by_group(layers[self.fine :], x, stride=1)

    def stream(self, z: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        z = z.contiguous(memory_format=torch.channels_last_3d)
        z = self.mix(z)
        x, enter = self.enter.stream(z, part(past, 0))
        x = x + repeat(z, "b c t h w -> b (c n) t h w", n=self.copies)
        x, layers = through(self.layers, x, part(past, 1))
        x, head = self.head.stream(x, part(past, 2))
        return x, (enter, layers, head)


def _middle(channels: int, attentions: int, head_dim: int) -> list[nn.Module]:
    """Two residual blocks, the first ``attentions`` of them followed by an attention."""
    layers: list[nn.Module] = []
    for index in range(2):
        layers.append(ResBlock(channels))
        if index < attentions:
            layers.append(FrameAttention(channels, head_dim=head_dim))
    return layers


class ResBlock(Stream, nn.Module):
    """Norm, SiLU, convolution, twice, added to the input. Starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = ChannelRMSNorm(channels)
        self.conv1 = CausalConv3d(channels, channels)
        self.norm2 = ChannelRMSNorm(channels)
        self.conv2 = CausalConv3d(channels, channels)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(F.silu(self.norm1(x)))
        out: Tensor = x + self.conv2(F.silu(self.norm2(inner)))
        return out

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        inner, one = self.conv1.stream(F.silu(self.norm1(x)), part(past, 0))
        out, two = self.conv2.stream(F.silu(self.norm2(inner)), part(past, 1))
        return x + out, (one, two)


class FrameAttention(nn.Module):
    """Self-attention within each frame, added to the input. Starts as the identity."""

    def __init__(self, channels: int, *, head_dim: int) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.norm = ChannelRMSNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        b, _, t, h, w = x.shape
        qkv = self.qkv(rearrange(self.norm(x), "b c t h w -> (b t) (h w) c"))
        split = "n hw (three heads d) -> three n heads hw d"
        q, k, v = rearrange(qkv, split, three=3, d=self.head_dim)
        mixed = rearrange(attention(q, k, v), "n heads hw d -> n hw (heads d)")
        update: Tensor = self.out(mixed)
        return x + rearrange(update, "(b t) (h w) c -> b c t h w", b=b, t=t, h=h, w=w)


def _changes_time(layer: nn.Module) -> bool:
    return isinstance(layer, Downsample | Upsample) and layer.factor[0] > 1


SEGMENTS = (ResBlock, FrameAttention, Downsample, Upsample)
"""Layers that save several times the bytes of their input for the backward pass."""


def _check_widths(key: str, widths: tuple[int, ...], latents: int, head_dim: int) -> None:
    for fine, coarse, factor in zip(widths, widths[1:], TRANSITIONS, strict=False):
        if fine * cells_of(factor) % coarse:
            cells = cells_of(factor)
            raise ValueError(f"{key}: {coarse} must divide {cells} x {fine} (its shortcut)")
    for divisor, what in ((latents, "latent channels"), (head_dim, "head_dim")):
        if widths[-1] % divisor:
            raise ValueError(f"{key}: the last must be a multiple of {divisor} ({what})")
