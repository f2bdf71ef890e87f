"""Points followed by a predictor that was never asked to: a tracer is dropped, and it is seen where
it goes.

A spot is laid on the last frame that the encoder sees, the predictive decoder goes on from the clip
with it and from the clip without, and the point is where the two differ. After "KL-tracing" (arXiv
2507.09082), which does that to a next-frame predictor that gives distributions; a decoder gives
pixels, so it is their difference here. It needs no head and no training.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from arch.ranges import Count

Predict = Callable[[Tensor], Tensor]
"""Clips (B, C, T, H, W) in [-1, 1], of which the leading frames are looked at, to all frames."""


@dataclass(frozen=True, kw_only=True)
class TracerConfig:
    """The spot, and how it is found again. All numbers are ours, in pixels of a side of 64."""

    radius: float = 2.0
    """Deviation of the spot, a Gaussian: about as large as what moves has parts."""
    strength: float = 0.5
    """How much it brightens or darkens its middle, of a range of 2."""
    reach: float = 4.0
    """Pixels around the largest difference whose centre of mass is the point."""
    batch: Count = 16
    """Points predicted at once."""


def traced(
    predict: Predict, x: Tensor, points: Tensor, *, observed: int, config: TracerConfig
) -> Tensor:
    """Where points of the last observed frame are said to be in the frames after it.

    Args:
        predict: a VAE that sees ``observed`` frames.
        x: one clip (1, C, T, H, W) in [-1, 1].
        points: (N, 2) x and y in frame ``observed - 1``, in pixels.
        observed: frames that the encoder sees.
        config: of the spot.

    Returns:
        (N, T - observed, 2) x and y in pixels; where nothing differs at all, the point stays.
    """
    unit = min(x.shape[3:]) / 64
    clean = predict(x)[:, :, observed:]
    found = []
    for part in torch.split(points, config.batch):
        marked = x.repeat(len(part), 1, 1, 1, 1)
        last = marked[:, :, observed - 1]
        spot = _spots(part, x.shape[3], x.shape[4], radius=config.radius * unit)
        # Away from the nearer end of the range, so that all of it is there.
        here = (last * spot).sum(dim=(1, 2, 3)) / spot.sum(dim=(1, 2, 3)) / x.shape[1]
        sign = torch.where(here > 0, -1.0, 1.0)[:, None, None, None]
        marked[:, :, observed - 1] = (last + sign * config.strength * spot).clamp(-1.0, 1.0)
        change = (predict(marked)[:, :, observed:] - clean).abs().mean(dim=1)  # (B, T', H, W)
        found.append(_places(change, part, reach=config.reach * unit, blur=config.radius * unit))
    return torch.cat(found)


def _spots(points: Tensor, height: int, width: int, *, radius: float) -> Tensor:
    """(N, 1, H, W) Gaussians with a middle of 1."""
    y = torch.arange(height, device=points.device)[:, None]
    x = torch.arange(width, device=points.device)
    dx, dy = (points[:, axis, None, None] for axis in (0, 1))
    return torch.exp(-((x - dx) ** 2 + (y - dy) ** 2) / (2 * radius**2))[:, None]


def _places(change: Tensor, points: Tensor, *, reach: float, blur: float) -> Tensor:
    """(N, T', 2) centre of mass around the largest of blurred changes (N, T', H, W)."""
    count, frames, height, width = change.shape
    side = 2 * max(1, round(blur)) + 1
    flat = change.reshape(count * frames, 1, height, width)
    smooth = F.avg_pool2d(flat, side, stride=1, padding=side // 2, count_include_pad=False)
    peak = smooth.flatten(1).argmax(dim=1)
    y = torch.arange(height, device=change.device)[None, :, None]
    x = torch.arange(width, device=change.device)[None, None]
    at_y, at_x = (peak // width)[:, None, None], (peak % width)[:, None, None]
    near = (x - at_x) ** 2 + (y - at_y) ** 2 <= reach**2
    weight = flat[:, 0] * near
    total = weight.sum(dim=(1, 2))
    centre = torch.stack([(weight * x).sum((1, 2)), (weight * y).sum((1, 2))], dim=1)
    start = points.repeat_interleave(frames, dim=0).to(centre)
    there = torch.where(total[:, None] > 0, centre / total.clamp_min(1e-30)[:, None], start)
    return there.reshape(count, frames, 2)
