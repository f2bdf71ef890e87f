"""L_KL of Eq. 1."""

import torch
from torch import Tensor

from arch.interface import Posterior


def kl_divergence(posterior: Posterior, observed: Tensor | None = None) -> Tensor:
    """KL to the standard normal, as the mean over one clip's observed latent elements: -> (B,).

    A mean, because the sum over a clip weighs long clips more than images, and peers' weights
    cannot be compared until their different sums are undone. Groups that were dropped carry no
    posterior and do not count.

    Args:
        posterior: moments (B, c, t, h, w).
        observed: (B,) number of leading groups that were observed; None means all.
    """
    mean, logvar = posterior.mean.float(), posterior.logvar.float()
    element = 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar)
    group = element.mean(dim=(1, 3, 4))  # (B, t)
    if observed is None:
        return group.mean(1)
    mask = torch.arange(group.shape[1], device=group.device) < observed[:, None]
    return (group * mask).sum(1) / observed
