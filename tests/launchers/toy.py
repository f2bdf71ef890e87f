"""A plugin for tests: the smallest networks that keep the promises of their interfaces."""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from arch.interface import (
    Backbone,
    BackboneConfig,
    Denoiser,
    DenoiserConfig,
    Posterior,
    Stride,
)
from arch.registry import register

CELL = "b c (t p) (h q) (w r)"


@register(BackboneConfig, "toy")
@dataclass(frozen=True, kw_only=True)
class ToyConfig(BackboneConfig):
    """One number for each channel and latent cell: nothing else to choose."""

    def build(self) -> "Toy":
        return Toy(self)


class Toy(Backbone):
    """The mean colour of every cell, linearly to latents and back."""

    stride = Stride(4, 16)
    causal = True

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.latent_channels = config.latent_channels
        self.encoder = nn.Conv3d(3, 2 * config.latent_channels, 1)
        self.decoder = nn.Sequential(nn.Conv3d(config.latent_channels, 3, 1))

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        return self.decoder[0]

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        self.check_size(*x.shape[3:])
        first = x[:, :, :1].expand(-1, -1, 3, -1, -1)
        cells = rearrange(
            torch.cat([first, x], dim=2), f"{CELL} -> b c t h w (p q r)", p=4, q=16, r=16
        )
        return Posterior.from_moments(self.encoder(cells.mean(dim=-1)))

    def decode(self, z: Tensor) -> Tensor:
        cells = z.repeat_interleave(4, 2).repeat_interleave(16, 3).repeat_interleave(16, 4)
        return self.decoder(cells[:, :, 3:])


@register(DenoiserConfig, "toy")
@dataclass(frozen=True, kw_only=True)
class ToyDenoiserConfig(DenoiserConfig):
    """Nothing to choose."""

    def build(self) -> "ToyDenoiser":
        return ToyDenoiser(self)


class ToyDenoiser(Denoiser):
    """A velocity that is linear in the latent and moved by the label."""

    def __init__(self, config: ToyDenoiserConfig) -> None:
        super().__init__()
        self.num_classes = config.num_classes
        self.mix = nn.Conv3d(config.latent_channels, config.latent_channels, 1)
        self.label = nn.Embedding(config.num_classes + 1, config.latent_channels)

    def forward(self, x: Tensor, time: Tensor, label: Tensor | None = None) -> Tensor:
        moved = self.mix(x)
        if label is None:
            return moved
        return moved + self.label(label)[:, :, None, None, None]
