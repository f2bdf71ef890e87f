"""Means over frames and clips that do not depend on how the clips were batched."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.curve import GROUP, Curve, curve_of
from pvvae.metrics.intervals import mean_interval
from pvvae.metrics.results import Value

Measure = Callable[[Tensor, Tensor], Tensor]
"""Clips (B, 3, T, H, W) twice to (B, T): ``frame_psnr``, ``frame_ssim`` or an ``LPIPS()``."""


class PerFrame:
    """One measure over many clips: a mean over frames within a clip, then over clips.

    Every value is kept (eight bytes a frame) and summed exactly, so that any split over batches, in
    any order, gives the same bits.
    """

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.clips: list[NDArray[np.float64]] = []
        """Values of each clip, one a frame."""
        self.observed: list[int] = []
        """Number of leading frames of each clip that the encoder was shown."""

    def update(self, recon: Tensor, x: Tensor, *, observed: Tensor | None = None) -> Tensor:
        """Measure a batch and return its values (B, T).

        Args:
            recon, x: clips (B, 3, T, H, W) in the range the measure asks for.
            observed: (B,) number of leading frames that the encoder was shown; None means all.
        """
        values = self.measure(recon, x)
        self.add(values, observed=observed)
        return values

    def add(self, values: Tensor, *, observed: Tensor | None = None) -> None:
        """Take values (B, T) measured elsewhere, e.g. gathered from another process.

        Raises:
            ConfigError: if ``observed`` is not one number of frames for each clip, or a value is
                NaN.
        """
        rows = values.detach().double().cpu().numpy()
        if np.isnan(rows).any():
            raise ConfigError("frames were measured as NaN: are the pixels finite?")
        seen = [rows.shape[1]] * len(rows) if observed is None else observed.tolist()
        if len(seen) != len(rows) or not all(0 <= frames <= rows.shape[1] for frames in seen):
            raise ConfigError(
                f"observed must hold {len(rows)} numbers of 0..{rows.shape[1]} frames: {seen}"
            )
        self.clips.extend(rows)
        self.observed.extend(seen)

    def compute(self) -> dict[str, float]:
        """Means under "all", "observed" and "predicted"; kinds that no clip has are left out.

        Raises:
            ConfigError: if there were no clips.
        """
        if not self.clips:
            raise ConfigError("no clips were measured")
        return {
            kind: math.fsum(means) / len(means) for kind, means in self._parts().items() if means
        }

    def values(self, name: str, *, seed: int = 0) -> dict[str, Value]:
        """For results.json, with intervals over clips: ``name``, and if frames were predicted
        ``name_observed`` and ``name_predicted``.

        Raises:
            ConfigError: if there were no clips.
        """
        means, parts = self.compute(), self._parts()
        kinds = {"all": name, "observed": f"{name}_observed", "predicted": f"{name}_predicted"}
        wanted = kinds if parts["predicted"] else {"all": name}
        return {
            called: Value(value=means[kind], interval=mean_interval(parts[kind], seed=seed))
            for kind, called in wanted.items()
            if parts[kind]
        }

    def curve(self, *, group: int = GROUP, larger_is_better: bool) -> Curve:
        """Means frame by frame; see ``curve_of``.

        Raises:
            ConfigError: if there were no clips.
        """
        return curve_of(self.clips, group=group, larger_is_better=larger_is_better)

    def _parts(self) -> dict[str, list[float]]:
        """By kind of frame, the mean of every clip that has any."""
        pairs = list(zip(self.clips, self.observed, strict=True))
        return {
            "all": _means(clip for clip, _ in pairs),
            "observed": _means(clip[:frames] for clip, frames in pairs),
            "predicted": _means(clip[frames:] for clip, frames in pairs),
        }

    @property
    def num_clips(self) -> int:
        """Number of clips measured."""
        return len(self.clips)


def _means(parts: Iterable[NDArray[np.float64]]) -> list[float]:
    """Mean of every part that is not empty."""
    return [math.fsum(part) / len(part) for part in parts if len(part)]


def to_unit(x: Tensor) -> Tensor:
    """Pixels in [0, 1], clamped, from pixels in [-1, 1]: what PSNR and SSIM are computed on."""
    return ((x.float() + 1.0) / 2.0).clamp(0.0, 1.0)


def check_pair(recon: Tensor, x: Tensor) -> None:
    """Refuse clips of different shapes, and clips that cannot be pixels in [0, 1].

    Raises:
        ConfigError: saying which.
    """
    if recon.shape != x.shape or x.dim() != 5:
        raise ConfigError(
            f"clips must be (B, C, T, H, W) of one shape, "
            f"got {tuple(recon.shape)} and {tuple(x.shape)}"
        )
    for clip in (recon, x):
        low, high = torch.aminmax(clip)
        if not (low >= 0 and high <= 1):  # NaN is in no range
            raise ConfigError(f"pixels must be in [0, 1], got [{low:.3g}, {high:.3g}]; see to_unit")
