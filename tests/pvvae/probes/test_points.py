"""Points that are followed, of scenes and of films."""

import numpy as np

from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures
from pvvae.probes.points import Points, points_of, points_that_were_followed

OBSERVED = 5
SETTINGS = SceneSettings(height=64, width=64, frames=9, texel=4.0, kinds=("slide", "pan"))


def _points(index: int, *, count: int = 64) -> Points:
    scene = draw_scene(SETTINGS, seed=2, index=index, pictures=packaged_pictures())
    return points_of(scene, observed=OBSERVED, count=count, seed=2, index=index)


def test_points_are_those_that_can_be_seen_in_the_last_observed_frame() -> None:
    points = _points(0)
    assert 0 < len(points.tracks) <= 64
    assert points.visible[:, OBSERVED - 1].all()
    assert points.tracks.shape == (len(points.tracks), 9, 2)
    assert len(_points(0, count=3).tracks) == 3


def test_in_a_pan_all_points_move_as_they_did() -> None:
    points = _points(1)
    step = points.tracks[:, OBSERVED - 1] - points.tracks[:, OBSERVED - 2]
    near = np.linalg.norm(step - points.velocity, axis=1) < 0.2
    assert near.mean() > 0.6  # the rest are at an edge of what moves otherwise
    assert points.moving.mean() > 0.8


def test_a_followed_point_that_was_hidden_before_is_not_said_to_move() -> None:
    tracks = np.cumsum(np.ones((3, 6, 2)), axis=1)
    visible = np.ones((3, 6), bool)
    visible[1, OBSERVED - 2] = visible[2, OBSERVED - 1] = False
    points = points_that_were_followed(tracks, visible, observed=OBSERVED, count=9)
    assert points.velocity.tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert points.moving.tolist() == [True, False]
    assert len(points_that_were_followed(tracks, visible, observed=1, count=1).tracks) == 1
