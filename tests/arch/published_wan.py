"""Wan's VAEs in small, and diffusers' of the same sizes."""

from typing import Any

import torch

from arch.interop.diffusers import class_of_diffusers
from arch.wan import WanConfig

TINY: dict[str, Any] = {
    "latent_channels": 4,
    "encoder_width": 8,
    "decoder_width": 8,
    "multipliers": (1, 2, 4, 4),
    "blocks": 1,
    "time": (False, True, True),
}

WAN22 = WanConfig(**TINY, shortcuts=True, patch=2)


def theirs(config: WanConfig) -> Any:
    """As diffusers builds it, with every weight a little off its start."""
    torch.manual_seed(0)
    network = class_of_diffusers("AutoencoderKLWan")(**config.arguments()).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return network
