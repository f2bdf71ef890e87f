"""Errors over some pixels of a clip: those that move, say, and those that stand still."""

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


def marked_share(marked: Tensor) -> Tensor:
    """(B, T) part of each frame's pixels that is marked, float64."""
    return marked.double().mean(dim=(2, 3))
