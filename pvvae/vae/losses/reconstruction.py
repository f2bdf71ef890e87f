"""L_MSE and L_Diff of Eq. 1: the clip itself, and how it changes from frame to frame."""

from torch import Tensor


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
