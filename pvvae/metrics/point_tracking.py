"""How well points are followed through a video: TAP-Vid's metrics, and an area under a curve.

TAP-Vid: Doersch et al. 2022 (arXiv 2211.03726), and what its public code does
(``tapnet/tapvid/evaluation_datasets.py``): coordinates are pixels of a 256 x 256 frame, a point is
within a threshold if its distance is *less* than that, and numbers are of one video, then means
over videos. A video without a visible point that is evaluated has none of them: it is None here,
and is left out and counted; the public code divides by zero there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

QueryMode = Literal["first", "strided"]
"""Which frames of a point count: those after its query alone, or all but that of its query."""
THRESHOLDS = (1, 2, 4, 8, 16)
"""Pixels of 256."""
REACH = 10.0
"""Pixels over which the area is taken: the paper's AUC over 0 to 10 (Table 3)."""
QUERY_STRIDE = 5
"""Frames between queries in TAP-Vid's strided mode."""

Tracks = NDArray[np.float64]
"""(N, T, 2) x and y of N points."""
Seen = NDArray[np.bool_]
"""(N, T)."""


@dataclass(frozen=True)
class Queries:
    """Points that are asked for; of a track there may be many."""

    frames: NDArray[np.int64]
    """(Q,) frame of each."""
    points: NDArray[np.float64]
    """(Q, 2) x and y there."""
    tracks: NDArray[np.int64]
    """(Q,) which track it is of."""


def first_queries(tracks: Tracks, visible: Seen) -> Queries:
    """The first frame in which each point is seen; points that never are have none."""
    known = np.flatnonzero(visible.any(axis=1))
    frames = visible[known].argmax(axis=1)
    return Queries(frames, tracks[known, frames], known)


def strided_queries(tracks: Tracks, visible: Seen, *, stride: int = QUERY_STRIDE) -> Queries:
    """Every point at every ``stride``-th frame in which it is seen."""
    chosen = np.arange(0, tracks.shape[1], stride)
    which, places = np.nonzero(visible[:, chosen])
    frames = chosen[places]
    return Queries(frames, tracks[which, frames], which)


@dataclass(frozen=True)
class TrackingScores:
    """Scores of one video."""

    delta: float
    """Mean over thresholds of the share of visible points within it (δ-average)."""
    jaccard: float
    """Mean over thresholds: true positives over visible points and false positives (AJ)."""
    occlusion: float
    """Share of points of which it is right whether they are seen (OA)."""
    within: tuple[float, ...]
    """Share of visible points within each threshold."""
    auc: float
    """Area under the share of visible points within e pixels, e from 0 to 10, over 10."""


def tracking_scores(
    queries: Queries,
    tracks: Tracks,
    visible: Seen,
    *,
    found: Tracks,
    found_visible: Seen,
    mode: QueryMode,
) -> TrackingScores | None:
    """Scores of one video; None if no visible point is evaluated.

    Args:
        queries: Q points.
        tracks: (N, T, 2) where points truly are, in pixels of 256.
        visible: (N, T) whether they are truly seen.
        found: (Q, T, 2) where each queried point was said to be.
        found_visible: (Q, T) whether it was said to be seen.
        mode: which frames count.
    """
    truth, seen = tracks[queries.tracks], visible[queries.tracks]  # (Q, T, ...)
    frames = np.arange(tracks.shape[1])
    asked = queries.frames[:, None]
    counts = frames > asked if mode == "first" else frames != asked
    targets = seen & counts
    if not targets.any():
        return None
    square = np.square(found - truth).sum(axis=-1)
    within, jaccards = [], []
    for threshold in THRESHOLDS:
        near = square < threshold**2
        hits = (near & targets).sum()
        within.append(float(hits / targets.sum()))
        positives = (near & found_visible & targets).sum()
        wrong = (found_visible & ~(near & seen) & counts).sum()
        jaccards.append(float(positives / (targets.sum() + wrong)))
    agree = (seen == found_visible) & counts
    return TrackingScores(
        delta=fmean(within),
        jaccard=fmean(jaccards),
        occlusion=float(agree.sum() / counts.sum()),
        within=tuple(within),
        auc=float(area_within(np.sqrt(square[targets])).mean()),
    )


def area_within(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each error's part of the area under the accuracy curve over 0 to 10 pixels.

    A point that is e off counts at every threshold above e: max(0, 1 - e / 10).
    """
    part: NDArray[np.float64] = np.maximum(0.0, 1.0 - errors / REACH)
    return part


@dataclass(frozen=True)
class TrackingMeans:
    """Over videos."""

    scores: TrackingScores
    videos: int
    left_out: int
    """Videos without a visible point that is evaluated."""


def tracking_means(videos: Sequence[TrackingScores | None]) -> TrackingMeans | None:
    """Mean of each score over the videos that have them; None if none has."""
    known = [video for video in videos if video is not None]
    if not known:
        return None
    within = tuple(fmean(column) for column in zip(*(one.within for one in known), strict=True))
    means = TrackingScores(
        delta=fmean(one.delta for one in known),
        jaccard=fmean(one.jaccard for one in known),
        occlusion=fmean(one.occlusion for one in known),
        within=within,
        auc=fmean(one.auc for one in known),
    )
    return TrackingMeans(means, len(known), len(videos) - len(known))
