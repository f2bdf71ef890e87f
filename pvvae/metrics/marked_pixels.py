"""Errors over some pixels of a clip: those that move, say, and those that stand still."""

import torch
from torch import Tensor

from pvvae.metrics.per_frame import check_pair


def marked_errors(recon: Tensor, x: Tensor, marked: Tensor) -> Tensor:
    """Mean squared error of the marked pixels of each frame: -> (B, T), float64.

    NaN where a frame has none of them. A mean over frames counts every pixel once where it weighs
    frames by :func:`marked_share`.

    Args:
        recon, x: pixels (B, 3, T, H, W) in [0, 1].
        marked: (B, T, H, W), bool.

    Raises:
        ConfigError: if the clips differ in shape or leave [0, 1].
    """
    check_pair(recon, x)
    errors = (recon.double() - x.double()).square().mean(dim=1)  # (B, T, H, W)
    return (errors * marked).sum(dim=(2, 3)) / marked.sum(dim=(2, 3))


def marked_error(recon: Tensor, x: Tensor, marked: Tensor) -> Tensor:
    """Mean squared error over all marked pixels of a clip, of any frame: -> (B,), float64."""
    errors = torch.nan_to_num(marked_errors(recon, x, marked))
    share = marked_share(marked)
    return (errors * share).sum(dim=1) / share.sum(dim=1)


def marked_share(marked: Tensor) -> Tensor:
    """(B, T) part of each frame's pixels that is marked, float64."""
    return marked.double().mean(dim=(2, 3))
