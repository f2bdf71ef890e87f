"""Covariance of latents as a product over time, space and channels, and what it foretells: VIV.

VIV is the velocity's irreducible variance of "Diffusing in the Right Space" (arXiv 2606.03578, Eq.
1 to 6): how much of rectified flow's velocity stays unknown to the best denoiser, for Gaussian
latents. Theirs is of images, with factors for space and channels; the factor for time is ours.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.intervals import BLOCKS, Interval, jackknife_interval

Batches = Callable[[], Iterable[Tensor]]
"""Normalised latents (N, c, t, h, w) of clips, batch by batch; every call begins anew and gives the
same."""
ITERATIONS = 5
"""Rounds of flip-flop, as in the paper's supplement."""
FLOOR = 1e-6
"""Smallest eigenvalue that is inverted, relative to the mean one. Ours: clips of float32 leave
rounding errors of 1e-14 in place of the zeros of a channel that is never used."""
MOST_CELLS = 1024
"""Cells of a frame up to which VIV has an interval. Ours: twenty matrices of 1024 x 1024 in float64
are 168 MB; a frame of 512 x 512 at stride 16 has that many cells."""


@dataclass(frozen=True)
class FactoredCovariance:
    """Sigma = Sigma_time (x) Sigma_space (x) Sigma_channels, scaled to the true total variance."""

    time: Tensor
    """(t,) eigenvalues, largest first; as those of space and channels they sum to their number."""
    space: Tensor
    """(h w,) likewise."""
    channels: Tensor
    """(c,) likewise."""
    variance: float
    """Mean variance of an element."""
    viv: float
    """pi / 2 times the mean over elements of sqrt(lambda): 1.57 where latents are white."""
    interval: Interval | None
    """95% of VIV, over clips; None with fewer than three, or more cells than ``MOST_CELLS``."""
    clips: int

    @property
    def elements(self) -> int:
        """How many numbers a latent has: VIV of latents of other sizes is not comparable."""
        return len(self.time) * len(self.space) * len(self.channels)

    @property
    def by_size(self) -> float:
        """VIV times the root of the number of elements (nVIV): a fixed number of directions that
        vary makes VIV fall with that root."""
        return self.viv * math.sqrt(self.elements)


def factored_covariance(batches: Batches) -> FactoredCovariance:
    """Fit the three factors by flip-flop (Dutilleul 1999): each in turn, the others whitened away.

    All clips are one class: the mean of each element over them is taken away first. The interval
    leaves out one of twenty blocks of clips at a time, with the whitening of all clips kept.

    Raises:
        ConfigError: with fewer than two clips.
    """
    mean, count = _mean(batches)
    if count < 2:
        raise ConfigError(f"a covariance needs two clips or more, got {count}")

    def centred() -> Iterable[Tensor]:
        return (_tensor3(z) - mean for z in batches())

    sides = mean.shape  # (t, s, c)
    factors = [torch.eye(side, dtype=torch.float64) for side in sides]
    for _ in range(ITERATIONS):
        for axis in range(3):
            roots = [_inverse_root(factor) for factor in factors]
            total = torch.zeros_like(factors[axis])
            for z in centred():
                total += _scatter(z, roots, axis)
            factors[axis] = _unit_trace(total)
    rows = _block_rows(centred, factors, count=count, sides=sides)
    eigenvalues, variance = _conclusion(rows, sides)
    viv = _viv(eigenvalues, variance)
    interval = None
    if count >= 3 and sides[1] <= MOST_CELLS:
        interval = jackknife_interval(
            viv, lambda kept: _viv(*_conclusion(kept, sides)), rows, seed=0
        )
    time, space, channels = eigenvalues
    return FactoredCovariance(time, space, channels, variance, viv, interval, count)


def _tensor3(z: Tensor) -> Tensor:
    """(N, c, t, h, w) -> (N, t, h w, c), float64."""
    return z.double().flatten(3).permute(0, 2, 3, 1)


def _mean(batches: Batches) -> tuple[Tensor, int]:
    """(t, h w, c) mean over clips, and how many there are."""
    total, count = torch.zeros((), dtype=torch.float64), 0
    for z in batches():
        total = total + _tensor3(z).sum(dim=0)
        count += len(z)
    return total / max(count, 1), count


def _inverse_root(factor: Tensor) -> Tensor:
    values, axes = torch.linalg.eigh(factor)
    values = values.clamp_min(FLOOR * float(values.mean()))
    root: Tensor = (axes * values.rsqrt()) @ axes.mT
    return root


def _scatter(z: Tensor, roots: list[Tensor], axis: int) -> Tensor:
    """Sum of outer products along one axis of z (N, t, s, c), whitened along the other two."""
    for other in range(3):
        if other != axis:
            z = torch.movedim(torch.movedim(z, other + 1, -1) @ roots[other], -1, other + 1)
    flat = torch.movedim(z, axis + 1, 0).flatten(1)
    return flat @ flat.mT


def _unit_trace(total: Tensor) -> Tensor:
    """Scaled so that the mean eigenvalue is 1; the identity where nothing varies."""
    trace = float(total.trace())
    if not trace > 0:
        return torch.eye(len(total), dtype=total.dtype)
    return total * (len(total) / trace)


def _block_rows(
    centred: Callable[[], Iterable[Tensor]], factors: list[Tensor], *, count: int, sides: torch.Size
) -> Tensor:
    """(blocks, t t + s s + c c + 2) sums over consecutive clips: scatters, squares, clips.

    They add up over blocks, so that what is left without a block follows from the others.
    """
    roots = [_inverse_root(factor) for factor in factors]
    blocks = min(BLOCKS, count) if sides[1] <= MOST_CELLS else 1
    rows = torch.zeros(blocks, sum(side * side for side in sides) + 2, dtype=torch.float64)
    seen = 0
    for z in centred():
        for clip in z:
            one = clip[None]
            parts = [_scatter(one, roots, axis).flatten() for axis in range(3)]
            ends = torch.tensor([float(one.square().sum()), 1.0], dtype=torch.float64)
            rows[seen * blocks // count] += torch.cat([*parts, ends])
            seen += 1
    return rows


def _conclusion(rows: Tensor, sides: torch.Size) -> tuple[list[Tensor], float]:
    """Eigenvalues of the factors, largest first, and the mean variance of an element."""
    total = rows.sum(dim=0)
    found = []
    parts = torch.split(total[:-2], [n * n for n in sides])
    for side, part in zip(sides, parts, strict=True):
        values = torch.linalg.eigvalsh(_unit_trace(part.reshape(side, side)))
        found.append(values.flip(0).clamp_min(0.0))
    squares, clips = float(total[-2]), float(total[-1])
    return found, squares / (max(clips - 1.0, 1.0) * math.prod(sides))


def _viv(eigenvalues: list[Tensor], variance: float) -> float:
    roots = math.prod(float(values.sqrt().mean()) for values in eigenvalues)
    return math.pi / 2 * math.sqrt(variance) * roots
