"""How latents spread their variance over directions and over frequencies."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from torch import Tensor

Energy = NDArray[np.float64]
RHOS = (0.25, 0.5)
"""Shares of the highest frequency beyond which SEC counts ("Diffusing in the Right Space", arXiv
2606.03578, Eq. 9)."""
BINS = 16
"""Rings of frequencies that spectra are compared in, as Spectrum Matching's public code has."""


def effective_rank(eigenvalues: Tensor) -> float:
    """(sum of lambda) squared over the sum of lambda squared: n for n equal ones, 1 for one alone.

    NaN where all are zero.
    """
    values = eigenvalues.double()
    return float(values.sum().square() / values.square().sum())


def spectrum_facts(eigenvalues: Tensor) -> dict[str, Any]:
    """What is said of a spectrum (n,): effective rank, condition, share of the largest tenth.

    ``condition`` is None where the smallest eigenvalue is 0.
    """
    values = eigenvalues.double().sort(descending=True).values
    tenth = max(1, len(values) // 10)
    smallest = float(values[-1])
    return {
        "effective_rank": effective_rank(values),
        "condition": float(values[0]) / smallest if smallest > 0 else None,
        "largest_tenth": float(values[:tenth].sum() / values.sum()),
        "eigenvalues": values.tolist(),
    }


def dct_energy(maps: Tensor | NDArray[np.float32]) -> Energy:
    """Mean energy (h, w) of every 2D frequency over maps (..., h, w): orthonormal DCT-II."""
    values = maps.detach().cpu().numpy() if isinstance(maps, Tensor) else maps
    found = dctn(values.astype(np.float64), type=2, norm="ortho", axes=(-2, -1))
    energy: Energy = np.square(found).reshape(-1, *values.shape[-2:]).mean(axis=0)
    return energy


def time_energy(z: Tensor) -> Energy:
    """Mean energy (t,) of every frequency in time over latents (c, t, h, w)."""
    found = dctn(z.detach().cpu().numpy().astype(np.float64), type=2, norm="ortho", axes=(1,))
    energy: Energy = np.square(found).mean(axis=(0, 2, 3))
    return energy


def energy_beyond(energy: Energy, rho: float) -> float:
    """Energy at frequencies u + v > rho (h - 1 + w - 1); over the whole, that is SEC.

    SEC of "Diffusing in the Right Space", Eq. 7 to 9: there .40 for a plain VAE's latents at rho =
    .25, .04 for good ones.
    """
    rows, columns = energy.shape
    steps = np.arange(rows)[:, None] + np.arange(columns)
    return float(energy[steps > rho * (rows - 1 + columns - 1)].sum())


def ring_spectrum(energy: Energy) -> NDArray[np.float64]:
    """Mean energy in rings of equal width around frequency 0; rings without a frequency left out.

    A frequency's radius is that of (u / h, v / w), so that both axes count alike.
    """
    rows, columns = energy.shape
    radius = np.hypot(np.arange(rows)[:, None] / rows, np.arange(columns) / columns)
    ring = np.minimum((radius / radius.max() * BINS).astype(int), BINS - 1) if radius.max() else 0
    ring = np.broadcast_to(ring, energy.shape).ravel()
    counts = np.bincount(ring, minlength=BINS)
    sums = np.bincount(ring, weights=energy.ravel(), minlength=BINS)
    known = counts > 0
    found: NDArray[np.float64] = sums[known] / counts[known]
    return found


def spectrum_mismatch(pixels: Energy, latents: Energy) -> float:
    """KL divergence of the latents' ring spectrum from the pixels', both through log(1 + s).

    Of Spectrum Matching (``utils_DCT.py``, ``latent_spectral_reg_dct``), with its delta of 0; both
    energies (h, w) are on the latents' grid.
    """
    p, q = (np.log1p(ring_spectrum(energy)) for energy in (pixels, latents))
    p, q = p / p.sum(), q / q.sum()
    tiny = np.finfo(np.float64).tiny
    return float((p * np.log(np.maximum(p, tiny) / np.maximum(q, tiny))).sum())


def on_grid(frames: NDArray[np.uint8], *, height: int, width: int) -> NDArray[np.float32]:
    """Pixels (T, H, W, 3) as maps (T, 3, h, w) in [-1, 1], the mean of each cell's pixels."""
    count, rows, columns, colours = frames.shape
    cells = frames.reshape(count, height, rows // height, width, columns // width, colours)
    found: NDArray[np.float32] = (cells.mean(axis=(2, 4)) / 127.5 - 1).astype(np.float32)
    return found.transpose(0, 3, 1, 2)


def channel_scatter(z: Tensor) -> Tensor:
    """(c, c) second moments of normalised latents (c, t, h, w), mean over cells, float64."""
    cells = z.double().flatten(1)
    return cells @ cells.mT / cells.shape[1]


def rank_of_scatters(scatters: Tensor) -> float:
    """Effective rank over channels of clips whose second moments (N, c * c) are given."""
    side = round(scatters.shape[1] ** 0.5)
    mean = scatters.double().mean(dim=0).reshape(side, side)
    return effective_rank(torch.linalg.eigvalsh(mean).clamp_min(0.0))
