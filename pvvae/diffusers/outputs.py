"""What encoding gives, in the class that pipelines and trainers of diffusers know."""

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor


class LatentGaussian(DiagonalGaussianDistribution):  # type: ignore[misc]
    """diffusers' distribution, whose sums are over all axes of a video's latents.

    In diffusers they leave the last axis out: it was made for images.
    """

    def __init__(self, mean: Tensor, logvar: Tensor) -> None:
        """``mean`` and ``logvar`` are (B, c, t, h, w)."""
        super().__init__(torch.cat([mean, logvar], dim=1))

    def kl(self, other: DiagonalGaussianDistribution | None = None) -> Tensor:
        """Nats (B,) between each clip's latents and ``other``, or a standard normal."""
        if other is None:
            each = self.mean.square() + self.var - 1.0 - self.logvar
        else:
            near = ((self.mean - other.mean).square() + self.var) / other.var
            each = near - 1.0 - self.logvar + other.logvar
        nats: Tensor = 0.5 * each.flatten(1).sum(dim=1)
        return nats

    def nll(self, sample: Tensor, dims: tuple[int, ...] = (1, 2, 3, 4)) -> Tensor:
        """Nats of a sample (B, c, t, h, w), summed over ``dims``."""
        found: Tensor = super().nll(sample, dims)
        return found
