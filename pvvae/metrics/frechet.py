"""Frechet distance between two sets of features."""

import torch
from torch import Tensor

from pvvae import seeding
from pvvae.errors import ConfigError


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Frechet distance of the Gaussians fitted to features (N, d) and (M, d).

    |mean difference|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2)) with covariances over N - 1. With
    A = R^T R from a QR of the centred features, the last trace is the nuclear norm of
    R_a R_b^T. That needs no matrix root and no added epsilon, and holds for N < d. All in float64:
    in float32 two identical sets come out apart by as much as reconstruction FVD is.

    Raises:
        ConfigError: if a set has fewer than two clips, or the widths differ.
    """
    if min(len(a), len(b)) < 2:
        raise ConfigError(f"FVD needs at least 2 clips in each set, got {len(a)} and {len(b)}")
    if a.shape[1] != b.shape[1]:
        raise ConfigError(f"features must be equally wide, got {a.shape[1]} and {b.shape[1]}")
    (mean_a, root_a), (mean_b, root_b) = _gaussian(a), _gaussian(b)
    overlap = torch.linalg.svdvals(root_a @ root_b.T).sum()
    spread = root_a.square().sum() + root_b.square().sum() - 2.0 * overlap
    return float((mean_a - mean_b).square().sum() + spread)


def _gaussian(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and R (min(N, d), d) with R^T R the covariance."""
    features = features.double().cpu()
    mean = features.mean(dim=0)
    return mean, torch.linalg.qr((features - mean) / (len(features) - 1) ** 0.5, mode="r").R


def noise_floor(features: Tensor, *, seed: int) -> float:
    """FVD between two random halves of one set: what no model can be told to beat.

    Halves have half the clips, and FVD between equal distributions falls as 1 / N: read it beside
    their number.

    Raises:
        ConfigError: with fewer than four clips.
    """
    order = torch.randperm(len(features), generator=seeding.torch_generator(seed, "noise floor"))
    half = len(features) // 2
    return frechet_distance(features[order[:half]], features[order[half : 2 * half]])
