"""Results of encoding and decoding, in the form that the autoencoders of diffusers give them."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from arch.interface import Posterior


@dataclass(frozen=True)
class LatentDistribution:
    """A diagonal Gaussian over latents; ``mean`` and ``logvar`` are (B, c, t, h, w)."""

    mean: Tensor
    logvar: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, c, t, h, w)."""
        return torch.exp(0.5 * self.logvar)

    @property
    def var(self) -> Tensor:
        """Variance (B, c, t, h, w)."""
        return self.logvar.exp()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Latents (B, c, t, h, w); noise is drawn where ``generator`` lives."""
        where = self.mean.device if generator is None else generator.device
        noise = torch.randn(self.mean.shape, generator=generator, device=where)
        return Posterior(self.mean, self.logvar).sample(noise.to(self.mean))

    def mode(self) -> Tensor:
        """The most likely latents: the mean."""
        return self.mean

    def kl(self) -> Tensor:
        """Nats (B,) between each clip's latents and a standard normal, summed over all of them.

        The class of diffusers leaves one axis of a video's latents unsummed.
        """
        each = 0.5 * (self.mean.square() + self.var - 1.0 - self.logvar)
        return each.flatten(1).sum(dim=1)


class Encoded(NamedTuple):
    """A tuple of one, and with a name: what diffusers returns with and without return_dict."""

    latent_dist: LatentDistribution


class Decoded(NamedTuple):
    """A tuple of one, and with a name: what diffusers returns with and without return_dict."""

    sample: Tensor
    """Pixels (B, 3, T, H, W), about in [-1, 1]."""
