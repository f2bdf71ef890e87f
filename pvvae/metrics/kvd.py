"""Kernel Video Distance: squared maximum mean discrepancy of I3D logits under a cubic kernel.

Unterthiner et al. (2018), section 3; kernel and estimator as TATS and LVDM report it.
"""

import torch
from torch import Tensor

from pvvae.errors import ConfigError


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """Unbiased MMD^2 of features (N, d) and (M, d) under k(x, y) = (x . y / d + 1)^3, in float64.

    All samples at once: no subsets, no factor of 1000 (those belong to KID). Unbiased, so it can be
    negative. Not for reconstructions: pairs of a clip and its own copy sit in the cross term and
    pull it far below zero.

    Raises:
        ConfigError: if a set has fewer than two clips.
    """
    num, other = len(real), len(generated)
    if min(num, other) < 2:
        raise ConfigError(f"KVD needs at least 2 clips in each set, got {num} and {other}")
    x, y = real.double(), generated.double()
    within = _within(x) / (num * (num - 1)) + _within(y) / (other * (other - 1))
    return float(within - 2.0 * _kernel(x, y).mean())


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def _within(x: Tensor) -> Tensor:
    """Sum of the kernel over pairs of different clips."""
    kernel = _kernel(x, x)
    return kernel.sum() - torch.trace(kernel)
