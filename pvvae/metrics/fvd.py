"""Frechet Video Distance. Unterthiner et al., "Towards Accurate Generative Models of Video" (2018).

The distance alone does not say what was measured: resizing, clip length, number of clips and even
the matrix root move it by more than methods differ. So a result carries its protocol and its
counts.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pvvae import seeding, weights
from pvvae.errors import ConfigError
from pvvae.metrics.i3d import I3D, NUM_FEATURES, SIDE
from pvvae.metrics.kvd import kernel_distance


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


@dataclass(frozen=True, kw_only=True)
class VideoDistance:
    """A distance between real and generated clips, with what it depends on."""

    fvd: float
    kvd: float | None
    """None for paired sets, on which it is not defined: see ``kernel_distance``."""
    num_real: int
    num_generated: int
    floor: float | None
    """FVD between halves of the real set; None with fewer than four real clips."""
    num_floor: int
    """Clips in each of those halves."""
    protocol: dict[str, str | int | list[int]]

    def __str__(self) -> str:
        kvd = "undefined" if self.kvd is None else f"{self.kvd:.2f}"
        halves = f"({self.num_floor} vs {self.num_floor})"
        floor = "unknown" if self.floor is None else f"{self.floor:.2f} {halves}"
        return (
            f"FVD {self.fvd:.2f}  KVD {kvd}  real {self.num_real}  generated {self.num_generated}  "
            f"frames {self.protocol['frames']}  real-vs-real FVD {floor}"
        )


class FVD:
    """FVD and KVD between two sets of clips: over all clips at once, not averaged over batches."""

    def __init__(self, *, file: Path | None = None, device: str = "cpu", batch: int = 4) -> None:
        """Load I3D.

        Args:
            file: I3D's weights, if not from the installed package.
            device: where I3D runs.
            batch: clips at a time; a clip of 17 frames takes about 0.5 GB.

        Raises:
            ConfigError: if the weights are not the released ones.
        """
        self.network = I3D(file=file).to(device)
        self.batch = batch
        self.features: dict[bool, list[Tensor]] = {True: [], False: []}
        """Rows of logits, of real clips under True and of generated ones under False."""
        self.frames: set[int] = set()

    def update(self, clips: Tensor, *, real: bool) -> Tensor:
        """Add clips (N, T, H, W, 3), uint8, of any size, and return their features (N, 400).

        Raises:
            ConfigError: for clips that I3D cannot see.
        """
        features = self.features_of(clips)
        self.add(features, frames=clips.shape[1], real=real)
        return features

    def features_of(self, clips: Tensor) -> Tensor:
        """Features (N, 400) of clips that are not added.

        Raises:
            ConfigError: for clips that I3D cannot see.
        """
        return torch.cat([self.network(part).cpu() for part in torch.split(clips, self.batch)])

    def add(self, features: Tensor, *, frames: int, real: bool) -> None:
        """Take features (N, 400) of clips of ``frames`` frames, e.g. from another process.

        Raises:
            ConfigError: if they are not as wide as I3D's.
        """
        if features.dim() != 2 or features.shape[1] != NUM_FEATURES:
            raise ConfigError(f"features must be (N, {NUM_FEATURES}), got {tuple(features.shape)}")
        self.features[real].append(features.cpu())
        self.frames.add(frames)

    def collected(self, *, real: bool) -> Tensor:
        """All features (N, 400) of one side, in the order they came."""
        return torch.cat([torch.empty(0, NUM_FEATURES), *self.features[real]])

    def compute(self, *, paired: bool = False, seed: int = 0) -> VideoDistance:
        """The distance between all real and all generated clips so far.

        Args:
            paired: whether the generated clips are reconstructions of the real ones (rFVD).
            seed: which halves the floor compares; 0 is ours.

        Raises:
            ConfigError: if a side has fewer than two clips.
        """
        real, generated = self.collected(real=True), self.collected(real=False)
        return VideoDistance(
            fvd=frechet_distance(real, generated),
            kvd=None if paired else kernel_distance(real, generated),
            num_real=len(real),
            num_generated=len(generated),
            floor=noise_floor(real, seed=seed) if len(real) >= 4 else None,
            num_floor=len(real) // 2,
            protocol=self.protocol(),
        )

    def protocol(self) -> dict[str, str | int | list[int]]:
        """Exactly what is compared, for the result file."""
        return {
            "features": "400 logits of I3D (tf.hub deepmind/i3d-kinetics-400/1), mean over time",
            "weights_sha256": weights.I3D_KINETICS.sha256,
            "input": "uint8 RGB, scaled to [-1, 1]",
            "resize": f"{SIDE}x{SIDE} bilinear, aspect not kept, half-pixel centres, no antialias",
            "precision": "float32 without TF32; statistics in float64",
            "frames": sorted(self.frames),
            "fvd": "covariance over N - 1; QR and nuclear norm; all clips at once",
            "kvd": "unbiased MMD^2, kernel (x.y / 400 + 1)^3; all clips at once",
            "num_real": sum(map(len, self.features[True])),
            "num_generated": sum(map(len, self.features[False])),
        }
