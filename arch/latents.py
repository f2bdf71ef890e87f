"""What latents are like, as a backbone promises and a denoiser must know."""

from typing import NamedTuple


class Stride(NamedTuple):
    """Pixels per latent cell: the paper's p_t and p_s (section 3)."""

    time: int
    space: int


class LatentFacts(NamedTuple):
    """What a denoiser must know of latents."""

    channels: int
    stride: Stride
