"""How far predictions are off, frame by frame, on what moves and on what stands still."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvvae.autoencoder.long_video import through, unit
from pvvae.data.video.video import Frames
from pvvae.metrics.intervals import Interval, jackknife_interval
from pvvae.metrics.marked_pixels import marked_errors, marked_share
from pvvae.model import PredictiveVAE
from pvvae.report.demo.clips import OBSERVED, DemoClip

REPEATED, EXTRAPOLATED = "last frame repeated", "true velocities kept"


def predicted(vae: PredictiveVAE, clip: Frames) -> Frames:
    """What a VAE makes of a clip (T, H, W, 3) whose later frames it is not shown."""
    stride, groups = vae.backbone.stride.time, vae.backbone.latent_frames(len(clip))
    dropped = groups - 1 - (OBSERVED - 1) // stride
    return through(vae, clip, dropped=dropped)


def repeated(clip: Frames) -> Frames:
    """A clip with its last observed frame in place of those after it."""
    last = np.repeat(clip[OBSERVED - 1 : OBSERVED], len(clip) - OBSERVED, axis=0)
    return np.concatenate([clip[:OBSERVED], last])


@dataclass(frozen=True)
class Horizon:
    """Squared errors of one way to foretell, on pixels in [0, 1]."""

    errors: Tensor
    """(N, T) of each clip and frame, NaN where a frame has no such pixels."""
    share: Tensor
    """(N, T) part of a frame's pixels that is meant."""

    @property
    def by_frame(self) -> list[float]:
        """Mean of each withheld frame over all such pixels of all clips."""
        errors, share = torch.nan_to_num(self.errors), self.share
        sums, weights = (errors * share).sum(dim=0), share.sum(dim=0)
        means: list[float] = (sums / weights)[OBSERVED:].tolist()
        return means

    @property
    def sums(self) -> NDArray[np.float64]:
        """(N, 2) error summed over withheld frames, and how many pixels of a frame these were."""
        errors, share = torch.nan_to_num(self.errors)[:, OBSERVED:], self.share[:, OBSERVED:]
        return torch.stack([(errors * share).sum(dim=1), share.sum(dim=1)], dim=1).numpy()


def horizon(clips: Sequence[DemoClip], made: Sequence[Frames], *, moves: bool) -> Horizon:
    """Errors of predicted scenes, on the pixels that move, or on the others."""
    errors, shares = [], []
    for clip, other in zip(clips, made, strict=True):
        assert clip.moving is not None  # a scene
        marked = torch.from_numpy(clip.moving if moves else ~clip.moving)[None]
        errors.append(marked_errors(unit(other), unit(clip.frames), marked))
        shares.append(marked_share(marked))
    return Horizon(torch.cat(errors), torch.cat(shares))


def futures(
    clips: Sequence[DemoClip], vaes: Mapping[str, PredictiveVAE]
) -> dict[str, list[Frames]]:
    """What every VAE predicts of scenes, by its label, and the two rivals."""
    made = {label: [predicted(vae, c.frames) for c in clips] for label, vae in vaes.items()}
    made[REPEATED] = [repeated(clip.frames) for clip in clips]
    made[EXTRAPOLATED] = [c.extrapolated for c in clips if c.extrapolated is not None]
    return made


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
