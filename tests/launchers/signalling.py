"""A plugin for tests: a VAE with the toy's weights that is told to end amid its work."""

import os
from dataclasses import dataclass

from torch import Tensor, nn

from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.registry import register


@register(BackboneConfig, "signalling")
@dataclass(frozen=True, kw_only=True)
class SignallingConfig(BackboneConfig):
    """Which signal comes, and at which clip."""

    signal: int
    clip: int

    def build(self) -> "Signalling":
        return Signalling(self)


class Signalling(Backbone):
    """Sends a signal to its own process."""

    stride = Stride(4, 16)
    causal = True

    def __init__(self, config: SignallingConfig) -> None:
        super().__init__()
        self.latent_channels = config.latent_channels
        self.encoder = nn.Conv3d(3, 2 * config.latent_channels, 1)
        self.decoder = nn.Sequential(nn.Conv3d(config.latent_channels, 3, 1))
        self._signal, self._left = config.signal, config.clip

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        return self.decoder[0]

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), self._signal)
        return Posterior.from_moments(self.encoder(x[:, :, ::4, ::16, ::16]))

    def decode(self, z: Tensor) -> Tensor:
        cells = z.repeat_interleave(4, 2).repeat_interleave(16, 3).repeat_interleave(16, 4)
        return self.decoder(cells[:, :, 3:])
