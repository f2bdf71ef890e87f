"""How near to the truth points were followed."""

import numpy as np
import pytest

from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures
from pvvae.probes.points import Points, points_of
from pvvae.probes.tracking import KEPT, STAYING, TRACED, _rivals, _scored

OBSERVED = 5
SETTINGS = SceneSettings(height=64, width=64, frames=9, texel=4.0, kinds=("slide", "pan"))


def _points(index: int, *, count: int = 64) -> Points:
    scene = draw_scene(SETTINGS, seed=2, index=index, pictures=packaged_pictures())
    return points_of(scene, observed=OBSERVED, count=count, seed=2, index=index)


def test_the_truth_scores_one_and_keeping_the_velocity_beats_staying() -> None:
    points = _points(1)
    truth = points.tracks[:, OBSERVED:]
    everyone = np.ones(len(points.tracks), bool)
    scores = {}
    for who, places in _rivals(points, truth, observed=OBSERVED).items():
        scores[who] = _scored(
            points, places, everyone, observed=OBSERVED, scale=np.array([4.0, 4.0])
        )
    assert scores[TRACED].auc == pytest.approx(1.0)
    assert scores[TRACED].delta == 1.0
    assert scores[KEPT].auc > scores[STAYING].auc


def test_errors_are_told_at_256_pixels() -> None:
    tracks, visible = np.zeros((1, 6, 2)), np.ones((1, 6), bool)
    points = Points(tracks, visible, np.zeros((1, 2)))
    off = np.full((1, 1, 2), [1.0, 0.0])  # a pixel of 64 is four of 256
    score = _scored(points, off, np.ones(1, bool), observed=5, scale=np.array([4.0, 4.0]))
    assert score is not None
    assert score.auc == pytest.approx(0.6)
    assert score.within == (0.0, 0.0, 0.0, 1.0, 1.0)
