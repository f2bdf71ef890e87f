"""Frechet and Kernel Video Distance.

Unterthiner et al., "Towards Accurate Generative Models of Video" (2018), sections 3 and 4. The
distance alone does not say what was measured: resizing, clip length, number of clips and even the
matrix root move it by more than methods differ. So a result carries its protocol and its counts.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.frechet import frechet_distance, noise_floor
from pvvae.metrics.i3d import I3D, NUM_FEATURES, SIDE, check_clips
from pvvae.metrics.intervals import Interval, jackknife_interval, order_of
from pvvae.metrics.results import Value
from pvvae.metrics.weight_catalog import I3D_KINETICS

FRAMES: dict[str, int | None] = {"all": None, "first16": 16}
"""Leading frames of a clip that I3D sees, by rule. ``all`` is ours, the whole 17; 16 is what most
published FVDs have. They are not the same input: see the known answers of I3D."""


@dataclass(frozen=True, kw_only=True)
class VideoDistance:
    """A distance between real and generated clips, with what it depends on."""

    fvd: float
    kvd: float | None
    """None for paired sets, on which it is not defined: see ``kernel_distance``."""
    fvd_interval: Interval | None
    kvd_interval: Interval | None
    num_real: int
    num_generated: int
    floor: float | None
    """FVD between halves of the real set; None with fewer than four real clips."""
    num_floor: int
    """Clips in each of those halves."""
    notes: tuple[str, ...]
    """What has to be read beside FVD."""
    protocol: dict[str, str | int | list[int]]

    def values(self) -> dict[str, Value]:
        """For results.json: ``fvd`` and ``kvd``, or ``rfvd`` alone for paired sets."""
        fvd = Value(value=self.fvd, interval=self.fvd_interval, note="; ".join(self.notes) or None)
        if self.kvd is None:
            return {"rfvd": fvd}
        return {"fvd": fvd, "kvd": Value(value=self.kvd, interval=self.kvd_interval)}

    def __str__(self) -> str:
        kvd = "undefined" if self.kvd is None else f"{self.kvd:.2f}"
        halves = f"({self.num_floor} vs {self.num_floor})"
        floor = "unknown" if self.floor is None else f"{self.floor:.2f} {halves}"
        line = (
            f"FVD {self.fvd:.2f}  KVD {kvd}  real {self.num_real}  generated {self.num_generated}  "
            f"frames {self.protocol['frames']}  real-vs-real FVD {floor}"
        )
        return "; ".join((line, *self.notes))


class FVD:
    """FVD and KVD between two sets of clips: over all clips at once, not averaged over batches.

    Of a clip its 400 features are kept, 1.6 kB, and no pixel. I3D takes one clip at a time and the
    features are sorted before anything is summed, so the same clips give the same bits in batches
    of any size, in any order, from any number of processes.
    """

    def __init__(
        self, *, file: Path | None = None, device: str = "cpu", frames: str = "all"
    ) -> None:
        """Nothing is loaded before the first clip.

        Args:
            file: I3D's weights, if not from the installed package.
            device: where I3D runs; a clip of 17 frames takes about 0.5 GB.
            frames: a rule of ``FRAMES``.

        Raises:
            ConfigError: for an unknown rule.
        """
        if frames not in FRAMES:
            raise ConfigError(f"FVD has no frames {frames!r}; known rules: {', '.join(FRAMES)}")
        self._file, self._device = file, device
        self.rule = frames
        self.features: dict[bool, list[Tensor]] = {True: [], False: []}
        """Rows of logits, of real clips under True and of generated ones under False."""
        self.frames: int | None = None
        """Frames of every clip that I3D saw; None before the first."""
        self.size: tuple[int, ...] | None = None
        """Height and width of every clip; None before the first."""

    @cached_property
    def network(self) -> I3D:
        """I3D on its device.

        Raises:
            ConfigError: if the weights are not the released ones.
        """
        return I3D(file=self._file).to(self._device)

    def update(self, clips: Tensor, *, real: bool) -> Tensor:
        """Add clips (N, T, H, W, 3), uint8, and return their features (N, 400).

        Raises:
            ConfigError: for clips that I3D cannot see, or unlike those before.
        """
        features = self.features_of(clips)
        self.add(features, frames=clips.shape[1], real=real)
        return features

    def features_of(self, clips: Tensor) -> Tensor:
        """Features (N, 400) of clips that are not added.

        Raises:
            ConfigError: for clips that I3D cannot see, or of another size than those before.
        """
        check_clips(clips)
        size = tuple(clips.shape[2:4])
        if self.size not in (None, size):
            raise ConfigError(
                f"FVD compares clips of one size: {_by(size)} after {_by(self.size)} pixels; "
                "another size alone moves it by more than methods differ, so resize both sets alike"
            )
        self.size = size
        seen = clips[:, : self._seen(clips.shape[1])]
        return torch.cat([self.network(clip).cpu() for clip in torch.split(seen, 1)])

    def add(self, features: Tensor, *, frames: int, real: bool) -> None:
        """Take features (N, 400) of clips of ``frames`` frames, e.g. from another process.

        Raises:
            ConfigError: if they are not as wide as I3D's, not finite, or of clips of another
                length than those before.
        """
        if features.dim() != 2 or features.shape[1] != NUM_FEATURES:
            raise ConfigError(f"features must be (N, {NUM_FEATURES}), got {tuple(features.shape)}")
        if not features.isfinite().all():
            raise ConfigError("features of I3D must be finite, some are NaN or infinite")
        seen = self._seen(frames)
        if self.frames not in (None, seen):
            raise ConfigError(
                f"FVD compares clips of one length: {seen} frames after {self.frames}; "
                "the rule first16 cuts both sets to 16"
            )
        self.frames = seen
        self.features[real].append(features.cpu())

    def _seen(self, frames: int) -> int:
        """How many of a clip's frames I3D sees."""
        wanted = FRAMES[self.rule]
        if wanted is not None and frames < wanted:
            raise ConfigError(f"FVD's rule {self.rule} needs {wanted} frames, got {frames}")
        return wanted or frames

    def collected(self, *, real: bool) -> Tensor:
        """All features (N, 400) of one side, in the order they came."""
        return torch.cat([torch.empty(0, NUM_FEATURES), *self.features[real]])

    def compute(self, *, paired: bool = False, seed: int = 0) -> VideoDistance:
        """The distance between all real and all generated clips so far.

        Args:
            paired: whether generated clip i is a reconstruction of real clip i (rFVD).
            seed: which halves the floor compares and which clips intervals leave out; 0 is ours.

        Raises:
            ConfigError: if a side has fewer than two clips, or sides that are paired differ.
        """
        real, generated = self._sorted(paired=paired)
        fvd = frechet_distance(real, generated)
        kvd = None if paired else kernel_distance(real, generated)
        return VideoDistance(
            fvd=fvd,
            kvd=kvd,
            fvd_interval=_not_negative(
                jackknife_interval(fvd, frechet_distance, real, generated, paired=paired, seed=seed)
            ),
            kvd_interval=None
            if kvd is None
            else jackknife_interval(kvd, kernel_distance, real, generated, seed=seed),
            num_real=len(real),
            num_generated=len(generated),
            floor=noise_floor(real, seed=seed) if len(real) >= 4 else None,
            num_floor=len(real) // 2,
            notes=tuple(_notes(real, generated)),
            protocol=self.protocol(),
        )

    def _sorted(self, *, paired: bool) -> tuple[Tensor, Tensor]:
        """Both sides in an order that does not depend on that of their coming."""
        real, generated = self.collected(real=True), self.collected(real=False)
        if not paired:
            return real[order_of(real)], generated[order_of(generated)]
        if len(real) != len(generated):
            raise ConfigError(f"rFVD needs pairs of clips, got {len(real)} and {len(generated)}")
        order = order_of(torch.cat([real, generated], dim=1))
        return real[order], generated[order]

    def protocol(self) -> dict[str, str | int | list[int]]:
        """Exactly what is compared, for the result file."""
        return {
            "features": "400 logits of I3D (tf.hub deepmind/i3d-kinetics-400/1), mean over time",
            "weights_sha256": I3D_KINETICS.sha256,
            "input": "uint8 RGB, scaled to [-1, 1]",
            "resize": f"{SIDE}x{SIDE} bilinear, aspect not kept, half-pixel centres, no antialias",
            "precision": "float32 without TF32; statistics in float64",
            "frames": [] if self.frames is None else [self.frames],
            "frames_rule": self.rule,
            "fvd": "covariance over N - 1; QR and nuclear norm; all clips at once",
            "kvd": "unbiased MMD^2, kernel (x.y / 400 + 1)^3; all clips at once",
            "num_real": sum(map(len, self.features[True])),
            "num_generated": sum(map(len, self.features[False])),
        }


def _notes(real: Tensor, generated: Tensor) -> list[str]:
    """What makes a distance between these features (N, 400) hard to read."""
    notes = []
    fewest = min(len(real), len(generated))
    if fewest < NUM_FEATURES:
        notes.append(
            f"{fewest} clips, fewer than I3D's {NUM_FEATURES} features: biased upwards, "
            "compare at equal numbers only"
        )
    for name, rows in (("real", real), ("generated", generated)):
        if bool((rows == rows[0]).all()):
            notes.append(f"all {len(rows)} {name} clips are the same to I3D")
    return notes


def _not_negative(interval: Interval | None) -> Interval | None:
    """A squared distance is none."""
    return None if interval is None else (max(interval[0], 0.0), interval[1])


def _by(size: tuple[int, ...] | None) -> str:
    return "x".join(map(str, size or ()))


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """Unbiased MMD^2 of features (N, d) and (M, d) under k(x, y) = (x . y / d + 1)^3, in float64.

    Kernel and estimator as TATS and LVDM report it. All samples at once: no subsets, no factor of
    1000 (those belong to KID). Unbiased, so it can be negative. Not for reconstructions: pairs of a
    clip and its own copy sit in the cross term and pull it far below zero.

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
