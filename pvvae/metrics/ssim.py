"""Structural similarity. Wang et al., "Image Quality Assessment" (2004), section III-C."""

import torch
from einops import rearrange
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.per_frame import check_pair

_WINDOW, _SIGMA = 11, 1.5  # the 2004 paper's Gaussian
_C1, _C2 = 0.01**2, 0.03**2  # its K1 and K2, for pixels of range 1

_CHUNK = 12
"""Planes at a time; ours: about 100 MB of float64 at 256 x 256."""


def frame_ssim(recon: Tensor, x: Tensor) -> Tensor:
    """SSIM of every frame: pixels (B, 3, T, H, W) in [0, 1] twice -> (B, T), float64.

    Mean over the windows that lie within the frame and over red, green and blue. On pixels in
    [-1, 1] it would be another number, even with the range set to 2: the mean enters it.

    Raises:
        ConfigError: if the clips differ in shape, leave [0, 1] or are smaller than the window.
    """
    check_pair(recon, x)
    if min(x.shape[3:]) < _WINDOW:
        raise ConfigError(f"SSIM needs frames of {_WINDOW} pixels a side, got {tuple(x.shape[3:])}")
    one, other = (rearrange(clip, "b c t h w -> (b t c) 1 h w") for clip in (recon, x))
    # float64: in float32 the difference of squares below is off by more than C2 in flat regions.
    values = torch.cat(
        [
            _ssim(*pair)
            for pair in zip(torch.split(one, _CHUNK), torch.split(other, _CHUNK), strict=True)
        ]
    )
    channels: Tensor = rearrange(values, "(b t c) -> b t c", b=x.shape[0], c=x.shape[1])
    return channels.mean(dim=2)


def _ssim(one: Tensor, other: Tensor) -> Tensor:
    """SSIM (N,) of planes (N, 1, H, W)."""
    one, other = one.double(), other.double()
    maps = torch.cat((one, other, one.square(), other.square(), one * other), dim=1)  # (N, 5, H, W)
    mean1, mean2, square1, square2, product = _blur(maps).unbind(dim=1)
    variances = square1 - mean1.square() + square2 - mean2.square()
    covariance = product - mean1 * mean2
    likeness = (2 * mean1 * mean2 + _C1) * (2 * covariance + _C2)
    return (likeness / ((mean1.square() + mean2.square() + _C1) * (variances + _C2))).mean(
        dim=(1, 2)
    )


def _blur(maps: Tensor) -> Tensor:
    """Gaussian mean of every full window: (N, K, H, W) -> (N, K, H - 10, W - 10)."""
    offsets = torch.arange(_WINDOW, dtype=torch.float64) - _WINDOW // 2
    weights = torch.exp(-offsets.square() / (2 * _SIGMA**2))
    weights = weights / weights.sum()
    for dim in (2, 3):
        size = maps.shape[dim] - _WINDOW + 1
        total = torch.zeros_like(maps.narrow(dim, 0, size))
        for offset, weight in enumerate(weights.tolist()):
            total.add_(
                maps.narrow(dim, offset, size), alpha=weight
            )  # 4x a float64 convolution here
        maps = total
    return maps
