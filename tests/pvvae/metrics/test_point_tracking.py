"""TAP-Vid's metrics against another implementation, point by point."""

import numpy as np
import pytest

from pvvae.metrics.point_tracking import (
    Queries,
    TrackingScores,
    area_within,
    first_queries,
    strided_queries,
    tracking_means,
    tracking_scores,
)


def _one_by_one(
    queries: Queries, tracks, visible, found, found_visible, mode: str
) -> dict[str, float] | None:
    """Every number by counting, in Python alone."""
    errors, agree, counted = [], 0, 0
    tallies = {limit: [0, 0, 0] for limit in (1, 2, 4, 8, 16)}  # near and seen, hits, false
    for q, track in enumerate(queries.tracks):
        for frame in range(tracks.shape[1]):
            asked = queries.frames[q]
            if (mode == "first" and frame <= asked) or (mode == "strided" and frame == asked):
                continue
            counted += 1
            true, said = bool(visible[track, frame]), bool(found_visible[q, frame])
            agree += true == said
            dx, dy = found[q, frame] - tracks[track, frame]
            if true:
                errors.append((dx * dx + dy * dy) ** 0.5)
            for limit, tally in tallies.items():
                near = dx * dx + dy * dy < limit * limit
                tally[0] += true and near
                tally[1] += true and near and said
                tally[2] += said and not (true and near)
    if not errors:
        return None
    return {
        "delta": sum(near / len(errors) for near, _, _ in tallies.values()) / 5,
        "jaccard": sum(hits / (len(errors) + wrong) for _, hits, wrong in tallies.values()) / 5,
        "occlusion": agree / counted,
        "auc": sum(max(0.0, 1.0 - error / 10) for error in errors) / len(errors),
    }


def _case(draw: np.random.Generator):
    """Tracks with occlusion, and an answer that is right, near, or far; some at a threshold."""
    points, frames = int(draw.integers(1, 6)), int(draw.integers(2, 14))
    tracks = draw.uniform(0, 256, (points, frames, 2))
    visible = draw.random((points, frames)) < draw.choice([0.0, 0.1, 0.6, 1.0])
    exact = draw.choice([0.0, 1.0, 2.0, 4.0, 8.0, 16.0], (points, frames))
    return draw, tracks, visible, exact


@pytest.mark.parametrize("mode", ["first", "strided"])
def test_two_hundred_random_videos_have_the_numbers_of_another_implementation(mode: str) -> None:
    draw, without = np.random.default_rng(0), 0
    for _ in range(200):
        draw, tracks, visible, exact = _case(draw)
        queries = (first_queries if mode == "first" else strided_queries)(tracks, visible)
        truth = tracks[queries.tracks]
        angle = draw.choice([0.0, np.pi / 2, np.pi], truth.shape[:2])
        far = draw.normal(0, 8, truth.shape) * draw.choice([0, 1], (*truth.shape[:2], 1))
        edge = exact[queries.tracks][..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        found = truth + np.where(far == 0, edge.round(), far)
        said = draw.random(truth.shape[:2]) < 0.7
        mine = tracking_scores(queries, tracks, visible, found=found, found_visible=said, mode=mode)
        other = _one_by_one(queries, tracks, visible, found, said, mode)
        if other is None:
            assert mine is None
            without += 1
            continue
        assert mine is not None
        for name, value in other.items():
            assert getattr(mine, name) == pytest.approx(value, abs=1e-12), name
    assert 20 < without < 150  # videos without a visible point are among them


def test_a_point_exactly_at_a_threshold_is_not_within_it() -> None:
    tracks, visible = np.zeros((1, 2, 2)), np.ones((1, 2), bool)
    found = np.array([[[0.0, 0], [4.0, 0]]])
    scores = tracking_scores(
        first_queries(tracks, visible),
        tracks,
        visible,
        found=found,
        found_visible=visible,
        mode="first",
    )
    assert scores is not None
    assert scores.within == (0.0, 0.0, 0.0, 1.0, 1.0)
    assert scores.auc == pytest.approx(0.6)
    assert scores.occlusion == 1.0


def test_queries_are_the_first_sight_or_every_fifth_frame_in_which_a_point_is_seen() -> None:
    visible = np.zeros((3, 11), bool)
    visible[0, [3, 4, 5, 10]] = True
    visible[2, 0:11] = True
    tracks = np.arange(3 * 11 * 2, dtype=float).reshape(3, 11, 2)
    first = first_queries(tracks, visible)
    assert (first.frames.tolist(), first.tracks.tolist()) == ([3, 0], [0, 2])
    assert first.points.tolist() == [tracks[0, 3].tolist(), tracks[2, 0].tolist()]
    strided = strided_queries(tracks, visible)
    assert strided.tracks.tolist() == [0, 0, 2, 2, 2]
    assert strided.frames.tolist() == [5, 10, 0, 5, 10]


def test_the_area_is_the_mean_over_thresholds_of_the_share_within() -> None:
    errors = np.random.default_rng(1).exponential(6, 500)
    limits = (np.arange(20000) + 0.5) / 2000
    shares = np.searchsorted(np.sort(errors), limits) / len(errors)
    assert area_within(errors).mean() == pytest.approx(shares.mean(), abs=1e-4)
    assert area_within(np.array([0.0, 5.0, 10.0, 99.0])).tolist() == [1.0, 0.5, 0.0, 0.0]


def test_videos_without_a_visible_point_are_left_out_and_counted() -> None:
    one = TrackingScores(delta=0.2, jaccard=0.1, occlusion=1.0, within=(0.0, 0.4), auc=0.5)
    two = TrackingScores(delta=0.4, jaccard=0.3, occlusion=0.5, within=(0.2, 0.6), auc=0.7)
    means = tracking_means([one, None, two])
    assert means is not None
    assert (means.videos, means.left_out) == (2, 1)
    assert means.scores.delta == pytest.approx(0.3)
    assert means.scores.within == pytest.approx((0.1, 0.5))
    assert tracking_means([None]) is None
