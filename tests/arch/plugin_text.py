"""A network of a user, as a file."""

PLUGIN = '''
from dataclasses import dataclass

from einops import rearrange
from torch import nn

from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.registry import register


@register(BackboneConfig, "per_frame")
@dataclass(frozen=True, kw_only=True)
class PerFrameConfig(BackboneConfig):
    """One linear map for each frame's patches: no compression of time at all."""

    def build(self):
        return PerFrame(self)


class PerFrame(Backbone):
    stride = Stride(time=1, space=8)
    causal = True

    def __init__(self, config):
        super().__init__()
        self.latent_channels = config.latent_channels
        self.encoder = nn.Conv3d(3, 2 * config.latent_channels, (1, 8, 8), (1, 8, 8))
        self.decoder = nn.ConvTranspose3d(config.latent_channels, 3, (1, 8, 8), (1, 8, 8))

    @property
    def head(self):
        return self.decoder

    def encode(self, x, observed=None):
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        return Posterior.from_moments(self.encoder(x))

    def decode(self, z):
        return self.decoder(z)
'''
