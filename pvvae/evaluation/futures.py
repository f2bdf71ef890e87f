"""How far predictions are off, frame by frame, on what moves and on what stands still."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvvae.autoencoder.long_video import through, unit
from pvvae.data.video.video import Frames
from pvvae.evaluation.known_motion import Clip
from pvvae.metrics.intervals import Interval, jackknife_interval
from pvvae.metrics.marked_pixels import marked_errors, marked_share
from pvvae.model import PredictiveVAE

REPEATED, EXTRAPOLATED = "last frame repeated", "true velocities kept"
"""What a prediction is held against: nothing moves any more, or everything goes on as it did."""


def predicted(vae: PredictiveVAE, clip: Frames, *, observed: int, seed: int = 0) -> Frames:
    """What a VAE makes of a clip (T, H, W, 3) of which it is shown ``observed`` frames."""
    stride, groups = vae.backbone.stride.time, vae.backbone.latent_frames(len(clip))
    return through(vae, clip, dropped=groups - 1 - (observed - 1) // stride, seed=seed)


def repeated(clip: Frames, *, observed: int) -> Frames:
    """A clip with its last observed frame in place of those after it."""
    last = np.repeat(clip[observed - 1 : observed], len(clip) - observed, axis=0)
    return np.concatenate([clip[:observed], last])


@dataclass(frozen=True)
class Horizon:
    """Squared errors of one way to foretell, on pixels in [0, 1]."""

    errors: Tensor
    """(N, frames) of each clip and withheld frame, NaN where a frame has no such pixels."""
    share: Tensor
    """(N, frames) part of a frame's pixels that is meant."""

    @property
    def by_frame(self) -> list[float]:
        """Mean of each withheld frame over all such pixels of all clips."""
        errors, share = torch.nan_to_num(self.errors), self.share
        means: list[float] = ((errors * share).sum(dim=0) / share.sum(dim=0)).tolist()
        return means

    @property
    def sums(self) -> NDArray[np.float64]:
        """(N, 2) error summed over withheld frames, and how many pixels of a frame these were."""
        errors, share = torch.nan_to_num(self.errors), self.share
        return torch.stack([(errors * share).sum(dim=1), share.sum(dim=1)], dim=1).numpy()

    @property
    def mean(self) -> float:
        """Mean over all such pixels of all withheld frames of all clips."""
        error, pixels = self.sums.sum(axis=0)
        return float(error / pixels)

    def interval(self, *, seed: int = 0) -> Interval | None:
        """95% interval of :attr:`mean` over clips, by the jackknife; None with fewer than three."""
        rows = torch.from_numpy(self.sums)

        def mean(rows: Tensor) -> float:
            error, pixels = rows.sum(dim=0).tolist()
            return float(error / pixels)

        return jackknife_interval(self.mean, mean, rows, seed=seed)


def foretold(
    clip: Frames, made: Frames, marked: NDArray[np.bool_] | None, *, observed: int
) -> tuple[Tensor, Tensor]:
    """Errors and shares (1, frames) of the withheld frames of one clip: a :class:`Horizon`'s rows.

    Args:
        clip: (T, H, W, 3).
        made: what was foretold, likewise.
        marked: (T, H, W) pixels that are meant; None is all.
        observed: frames that were shown.
    """
    if marked is None:
        marked = np.ones(clip.shape[:3], np.bool_)
    these = torch.from_numpy(marked[observed:])[None]
    errors = marked_errors(unit(made[observed:]), unit(clip[observed:]), these)
    return errors, marked_share(these)


def horizon(
    clips: Iterable[Clip], made: Iterable[Frames], *, moves: bool | None, observed: int
) -> Horizon:
    """Errors of foretold clips.

    Args:
        clips: scenes; of real clips ``moves`` must be None.
        made: what was foretold of each.
        moves: on the pixels that move, or on the others; None is on all.
        observed: frames that were shown.
    """
    rows = []
    for clip, other in zip(clips, made, strict=True):
        marked = None
        if moves is not None:
            marked = clip.moving if moves else ~clip.moving
        rows.append(foretold(clip.frames, other, marked, observed=observed))
    errors, shares = (torch.cat(part) for part in zip(*rows, strict=True))
    return Horizon(errors, shares)


def against(ours: Horizon, other: Horizon, *, seed: int = 0) -> tuple[float, Interval | None]:
    """Our error over the other's on the same pixels, less one, and its 95% interval.

    Below zero is better.
    """
    pairs = torch.from_numpy(np.stack([ours.sums[:, 0], other.sums[:, 0]], axis=1))

    def ratio(rows: Tensor) -> float:
        mine, theirs = rows.sum(dim=0).tolist()
        return float(mine / theirs - 1)

    value = ratio(pairs)
    if len(pairs) < 4:
        return value, None
    return value, jackknife_interval(value, ratio, pairs, seed=seed)
