"""How pixels move."""

import numpy as np

from pvvae.analysis.flow import estimated_flow, in_colours, speed
from pvvae.data.scenes import Scene, SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.ground_truth import flow_of

SETTINGS = SceneSettings(height=64, width=64, frames=5, texel=4.0)


def _scene(index: int) -> Scene:
    return draw_scene(SETTINGS, seed=1, index=index, pictures=packaged_pictures())


def test_an_estimate_comes_nearer_to_the_truth_than_standing_still() -> None:
    rests = []
    for index in range(5):
        scene = _scene(index)
        truth, found = flow_of(scene), estimated_flow(scene.render())
        assert found.shape == truth.shape
        rests.append(speed(found - truth).mean() / speed(truth).mean())
    assert max(rests) < 0.75
    assert np.mean(rests) < 0.55


def test_an_estimate_depends_on_its_two_frames_alone() -> None:
    frames = _scene(0).render()
    np.testing.assert_array_equal(estimated_flow(frames)[1:], estimated_flow(frames[1:]))


def test_still_is_white_and_opposite_directions_have_opposite_colours() -> None:
    flow = np.array([[0.0, 0], [2, 0], [-2, 0], [1, 0]], np.float32)
    white, right, left, half = in_colours(flow, fastest=2.0)
    assert white.tolist() == [255, 255, 255]
    assert (right.astype(int) + left).tolist() == [255, 255, 255]
    assert np.abs((white.astype(int) + right) / 2 - half).max() <= 0.5
