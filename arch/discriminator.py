"""Patch discriminators: a small convolutional network judges overlapping patches of a clip.

Source: the 70-pixel PatchGAN of pix2pix (four convolutions of kernel 4, 64 channels doubling up to
512), which video VAEs use on clips, on frames or on both (VidTok, SSVAE). The paper (section 3.2)
only says that there is an adversarial loss. Logits are raw; the loss brings its own hinge.
No BatchNorm: with one clip a process its statistics are those of that clip, and peers report
training that breaks down.
"""

from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch.interface import Discriminator, DiscriminatorConfig
from arch.ranges import Channels, Range
from arch.registry import register

SLOPE = 0.2
"""Negative slope of the leaky ReLU (pix2pix)."""

INIT_STD = 0.02
"""Standard deviation of fresh kernels (pix2pix)."""

WIDEST = 8
"""No layer is wider than this many times the first (pix2pix)."""

GROUP_CHANNELS = 16
"""Channels that share statistics in a GroupNorm at most; ours: 4 groups of the 64 base."""


@register(DiscriminatorConfig, "patchgan3d")
@dataclass(frozen=True, kw_only=True)
class PatchGAN3DConfig(DiscriminatorConfig):
    """Judges patches that reach over several frames, so that it sees motion."""

    channels: Channels
    """Width of the first layer; each further one doubles it, up to eightfold."""

    layers: Annotated[int, Range(1, 16)]
    """How many layers halve the size; the second and later ones halve time as well."""

    def build(self) -> "PatchGAN3D":
        return PatchGAN3D(self)


@register(DiscriminatorConfig, "patchgan2d")
@dataclass(frozen=True, kw_only=True)
class PatchGAN2DConfig(DiscriminatorConfig):
    """Judges patches of each frame alone."""

    channels: Channels
    """Width of the first layer; each further one doubles it, up to eightfold."""

    layers: Annotated[int, Range(1, 16)]
    """How many layers halve the size."""

    def build(self) -> "PatchGAN2D":
        return PatchGAN2D(self)


class PatchGAN3D(Discriminator):
    """Kernels of 3 frames and 4 x 4 pixels; the clip's ends are repeated in time.

    With zeros in time, the outer taps would learn nothing from images, and a clip's ends would
    be told apart by their padding.
    """

    def __init__(self, config: PatchGAN3DConfig) -> None:
        super().__init__()
        self.halvings = config.layers
        widths, steps = _plan(config.channels, config.layers)
        self.convs = nn.ModuleList()
        for index, (before, width) in enumerate(zip([3, *widths], [*widths, 1], strict=True)):
            step = steps[index]
            stride = (step if index > 0 else 1, step, step)
            self.convs.append(nn.Conv3d(before, width, (3, 4, 4), stride, padding=(0, 1, 1)))
        self.norms = _norms(widths)
        self.activation = nn.LeakyReLU(SLOPE)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, patches), any T >= 1."""
        _check(x, self.halvings)
        for index, conv in enumerate(self.convs):
            if index > 0:
                x = self.activation(self.norms[index - 1](x))
            x = conv(F.pad(x, (0, 0, 0, 0, 1, 1), mode="replicate"))
        return rearrange(x, "b 1 t h w -> b (t h w)")


class PatchGAN2D(Discriminator):
    """The image discriminator on every frame; statistics are those of the frame."""

    def __init__(self, config: PatchGAN2DConfig) -> None:
        super().__init__()
        self.halvings = config.layers
        widths, steps = _plan(config.channels, config.layers)
        self.convs = nn.ModuleList(
            nn.Conv2d(before, width, 4, step, padding=1)
            for before, width, step in zip([3, *widths], [*widths, 1], steps, strict=True)
        )
        self.norms = _norms(widths)
        self.activation = nn.LeakyReLU(SLOPE)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, patches), any T >= 1."""
        _check(x, self.halvings)
        b = x.shape[0]
        x = rearrange(x, "b c t h w -> (b t) c h w")
        for index, conv in enumerate(self.convs):
            if index > 0:
                x = self.activation(self.norms[index - 1](x))
            x = conv(x)
        return rearrange(x, "(b t) 1 h w -> b (t h w)", b=b)


def _plan(channels: int, layers: int) -> tuple[list[int], list[int]]:
    """Width of every hidden layer, and stride of every layer: the last two do not shrink."""
    widths = [channels * min(2**index, WIDEST) for index in range(layers + 1)]
    return widths, [2] * layers + [1, 1]


def _norms(widths: list[int]) -> nn.ModuleList:
    """One norm a hidden layer, none after the first (pix2pix)."""
    groups = [max(width // GROUP_CHANNELS, 1) for width in widths[1:]]
    norms = [nn.GroupNorm(n, width) for n, width in zip(groups, widths[1:], strict=True)]
    return nn.ModuleList([nn.Identity(), *norms])


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.normal_(module.weight, std=INIT_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _check(x: Tensor, halvings: int) -> None:
    """Refuse frames that shrink to nothing.

    Raises:
        ValueError: naming the smallest size.
    """
    smallest = 3 * 2**halvings  # the last two kernels of 4 take off one cell each
    if min(x.shape[3:]) < smallest:
        raise ValueError(
            f"frames must be at least {smallest} pixels high and wide for {halvings} halvings, "
            f"got {x.shape[3]} x {x.shape[4]}"
        )
