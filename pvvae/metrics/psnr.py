"""Peak signal-to-noise ratio."""

import torch
from torch import Tensor

from pvvae.metrics.per_frame import check_pair

_LEAST_ERROR = 1e-10
"""Caps PSNR at 100 dB, as the common video metric code does: an exact frame counts finitely."""


def frame_psnr(recon: Tensor, x: Tensor) -> Tensor:
    """PSNR in dB of every frame: pixels (B, 3, T, H, W) in [0, 1] twice -> (B, T), float64.

    Averaged frame by frame, as the papers do; pooling the error over a clip first reads lower.

    Raises:
        ConfigError: if the clips differ in shape or leave [0, 1].
    """
    check_pair(recon, x)
    return -10.0 * torch.log10(frame_errors(recon, x).clamp_min(_LEAST_ERROR))


def frame_errors(recon: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of every frame: (B, C, T, H, W) twice -> (B, T), float64."""
    return (recon.double() - x.double()).square().mean(dim=(1, 3, 4))
