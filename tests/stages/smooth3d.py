"""A discriminator without kinks, for statements about rounding: a plugin, named in overrides.

Where a leaky ReLU bends, rounding decides between two slopes. Measured on five steps under ZeRO 3,
offloaded against not: one activation of 56,000 was -1.5e-7 here and 4.6e-7 there, and the loss
``gan`` 5e-5 off two steps later. With this discriminator in its place all was within 2e-7.
"""

from dataclasses import dataclass

from torch import nn

from arch.discriminator import PatchGAN3D, PatchGAN3DConfig
from arch.interface import DiscriminatorConfig
from arch.registry import register


@register(DiscriminatorConfig, "smooth3d")
@dataclass(frozen=True, kw_only=True)
class Smooth3DConfig(PatchGAN3DConfig):
    """As ``patchgan3d``."""

    def build(self) -> PatchGAN3D:
        network = PatchGAN3D(self)
        network.activation = nn.SiLU()
        return network
