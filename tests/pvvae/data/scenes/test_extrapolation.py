import numpy as np
import pytest

from pvvae.data.scenes import KINDS, SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.extrapolation import MOVES, extrapolated, moving, past_flow
from tests.pvvae.data.scenes.flow import flow_at

OBSERVED = 9


def scene(kind: str, index: int = 0, **words):
    settings = SceneSettings(height=48, width=64, frames=17, texel=8.0, kinds=(kind,), **words)
    return draw_scene(settings, seed=3, index=index, pictures=packaged_pictures())


@pytest.mark.parametrize("kind", ["slide", "pan"])
def test_where_all_keeps_its_speed_the_past_flow_is_that_of_the_future(kind: str) -> None:
    """But where a wall throws something back, or the ground is mirrored."""
    drawn = scene(kind)
    future = flow_at(drawn, drawn.grid, 8)
    past = past_flow(drawn, 8)
    error = np.hypot(past[..., 0] - future.real, past[..., 1] - future.imag)
    assert np.quantile(error, 0.7) < 1e-9


def test_nothing_moves_in_a_scene_of_speed_zero() -> None:
    assert not moving(scene("slide", speed=0.0)).any()


def test_in_a_pan_all_moves_and_in_a_slide_the_sprites_alone() -> None:
    pan, slide = moving(scene("pan", sprites=0, speed=2.0)), moving(scene("slide"))
    assert pan[1:].all()
    assert not pan[0].any()
    assert 0.05 < slide[1:].mean() < 0.8
    flow = past_flow(scene("slide"), 4)
    np.testing.assert_array_equal(slide[4], np.hypot(flow[..., 0], flow[..., 1]) >= MOVES)


@pytest.mark.parametrize("kind", KINDS)
def test_true_velocities_kept_come_nearer_than_the_last_frame_repeated(kind: str) -> None:
    drawn = scene(kind)
    clip = drawn.render()
    made = extrapolated(clip, drawn, observed=OBSERVED)
    np.testing.assert_array_equal(made[:OBSERVED], clip[:OBSERVED])
    later = slice(OBSERVED, None)
    error = np.square(made[later].astype(float) - clip[later]).mean()
    still = np.square(clip[OBSERVED - 1].astype(float) - clip[later]).mean()
    assert error < (0.9 if kind == "accelerate" else 0.75) * still


def test_what_stands_still_stays_as_it_is() -> None:
    drawn = scene("pan", speed=0.0)
    clip = drawn.render()
    np.testing.assert_array_equal(extrapolated(clip, drawn, observed=OBSERVED), clip)
