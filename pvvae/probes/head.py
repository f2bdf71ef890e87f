"""The head of a probe: 3D convolutions and pixel shuffle from features up to pixels.

The paper has "a task-specific decoder with 3D convolutions and pixel-shuffle operations to upsample
LVDM features to the original resolution" (section 4.3) and no more of it; its sizes are ours.
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from arch.interface import Stride
from arch.ranges import Count, Number, Positive
from pvvae import seeding

NARROWING = 4
"""Width of a head at its cells over that at its pixels, at most. Ours."""


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Sizes of a head and how it learns. All numbers are ours."""

    width: Count = 64
    """Channels where the features' cells are; each doubling of the size halves them, down to a
    quarter."""
    blocks: Number = 2
    """Residual convolutions before anything is enlarged."""
    steps: Count = 2000
    batch: Count = 8
    lr: Positive = 1e-3
    """Adam's, falling along a cosine to zero."""


class ProbeHead(nn.Module):
    """Features (B, F, t, h, w) to pixels (B, C, T, H, W), T = 1 + (t - 1) * stride.time.

    Beside the convolutions runs one linear layer, so that what can be read off without any of them
    is read. Both begin at zero: an untrained head says the mean of what it was fitted on.
    """

    feature_mean: Tensor
    feature_deviation: Tensor
    pixel_mean: Tensor
    pixel_deviation: Tensor

    def __init__(self, features: int, channels: int, stride: Stride, config: HeadConfig) -> None:
        super().__init__()
        self.stride = stride
        self.enter = nn.Conv3d(features, config.width, 1)
        self.blocks = nn.ModuleList(_Residual(config.width) for _ in range(config.blocks))
        self.enlarge, width = nn.ModuleList(), config.width
        for factor in _factors(stride.space):
            after = max(1, config.width // NARROWING, width // factor)
            self.enlarge.append(_Enlarge(width, after, factor))
            width = after
        self.leave = nn.Conv3d(width, channels * stride.time, 3, padding=1)
        self.linear = nn.Conv3d(features, channels * stride.time * stride.space**2, 1)
        for value in (*self.leave.parameters(), *self.linear.parameters()):
            nn.init.zeros_(value)
        for name, size in (("feature", features), ("pixel", channels)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_deviation", torch.ones(size))

    def forward(self, features: Tensor) -> Tensor:
        x = (features - _wide(self.feature_mean)) / _wide(self.feature_deviation)
        direct = rearrange(
            self.linear(x),
            "b (c p q) t h w -> b c t (h p) (w q)",
            p=self.stride.space,
            q=self.stride.space,
        )
        x = self.enter(x)
        for part in (*self.blocks, *self.enlarge):
            x = part(x)
        y = self.leave(F.silu(x)) + direct
        whole = rearrange(y, "b (c k) t h w -> b c (t k) h w", k=self.stride.time)
        whole = whole[:, :, self.stride.time - 1 :]  # the first group is one frame
        scaled: Tensor = whole * _wide(self.pixel_deviation) + _wide(self.pixel_mean)
        return scaled


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.convolve = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.convolve(F.silu(self.norm(x)))
        return x + changed


class _Enlarge(nn.Module):
    """Pixel shuffle of every frame."""

    def __init__(self, width: int, after: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.convolve = nn.Conv3d(width, after * factor**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolve(F.silu(x))
        larger: Tensor = rearrange(
            y, "b (c p q) t h w -> b c t (h p) (w q)", p=self.factor, q=self.factor
        )
        return larger


def folded(x: Tensor, stride: Stride) -> Tensor:
    """Pixels (B, C, T, H, W) as features (B, F, t, h, w) of that stride; nothing is lost.

    Groups are those of a VAE: the first is one frame, repeated to the length of the others.
    """
    first = x[:, :, :1].expand(-1, -1, stride.time - 1, -1, -1)
    return rearrange(
        torch.cat([first, x], dim=2),
        "b c (t k) (h p) (w q) -> b (c k p q) t h w",
        k=stride.time,
        p=stride.space,
        q=stride.space,
    )


def fresh_head(
    features: int, channels: int, stride: Stride, config: HeadConfig, *, seed: int
) -> ProbeHead:
    """An untrained head whose weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(seed, "weights", "probe"))
        return ProbeHead(features, channels, stride, config)


def _factors(space: int) -> list[int]:
    """Twos, then what is left."""
    found = []
    while space % 2 == 0:
        found.append(2)
        space //= 2
    return [*found, space] if space > 1 else found


def _wide(value: Tensor) -> Tensor:
    """(C,) -> (C, 1, 1, 1)."""
    return value[:, None, None, None]
