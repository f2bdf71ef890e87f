"""L_MSE and L_Diff of Eq. 1: the clip itself, and how it changes from frame to frame."""

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


def squared_error(recon: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of each clip: (B, C, T, H, W) twice -> (B,). L_MSE, section 3.2."""
    return (recon - x).square().flatten(1).mean(1)


def temporal_difference(recon: Tensor, x: Tensor) -> Tensor:
    """Mean squared error between frame-to-frame changes of each clip: -> (B,). L_Diff, section 3.2.

    Still regions cancel out of it, so that copying them earns nothing: the motion-aware objective.
    An image has no changes: for T = 1 the loss is zero, not NaN.
    """
    if x.shape[2] == 1:
        return recon.new_zeros(recon.shape[0])
    return squared_error(recon.diff(dim=2), x.diff(dim=2))  # over (B, C, T - 1, H, W)
