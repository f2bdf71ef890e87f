from dataclasses import replace

import numpy as np
import pytest

from pvvae.data.scenes import KINDS, SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.layer import GROUP
from pvvae.errors import ConfigError

SETTINGS = SceneSettings(height=32, width=32, frames=9)


def rendered(settings, pictures, *, seed=0, index=0):
    return draw_scene(settings, seed=seed, index=index, pictures=pictures).render()


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_the_first_frames_are_those_of_a_shorter_scene(index, noise):
    settings = replace(SETTINGS, predictability=0.5)
    short = rendered(settings, noise, index=index)
    long = rendered(replace(settings, frames=30), noise, index=index)
    assert short.shape == (9, 32, 32, 3)
    assert np.array_equal(long[:9], short)


def test_seed_and_index_alone_make_a_scene(noise):
    first = rendered(SETTINGS, noise, seed=3, index=8)
    assert np.array_equal(rendered(SETTINGS, noise, seed=3, index=8), first)
    assert not np.array_equal(rendered(SETTINGS, noise, seed=4, index=8), first)
    assert not np.array_equal(rendered(SETTINGS, noise, seed=3, index=13), first)


def test_more_sprites_leave_the_others_where_they_are(noise):
    few, more = (
        draw_scene(replace(SETTINGS, sprites=n), seed=0, index=0, pictures=noise) for n in (2, 4)
    )
    assert [len(scene.layers) for scene in (few, more)] == [3, 5]
    for one, same in zip(few.layers, more.layers, strict=False):
        assert np.array_equal(one.texels, same.texels)
        assert np.array_equal(one.shift, same.shift)


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_another_size_is_the_same_scene(index, ramps):
    small = draw_scene(SETTINGS, seed=0, index=index, pictures=ramps)
    large = draw_scene(replace(SETTINGS, height=96, width=96), seed=0, index=index, pictures=ramps)
    for one, other in zip(small.layers, large.layers, strict=True):
        assert np.array_equal(one.shift, other.shift)
        assert np.array_equal(one.turn, other.turn)
    shrunk = large.render().reshape(9, 32, 3, 32, 3, 3).mean((2, 4))
    assert np.abs(shrunk - small.render()).mean() < 3  # levels; at edges pixels are mixed otherwise


def test_a_wider_frame_shows_the_same_and_more(ramps):
    square = draw_scene(SETTINGS, seed=0, index=0, pictures=ramps).render()
    wide = draw_scene(replace(SETTINGS, width=64), seed=0, index=0, pictures=ramps).render()
    assert np.array_equal(wide[:, :, 16:48], square)


def test_wider_texels_make_plainer_pictures_of_the_same_motion(noise):
    fine, plain = (
        draw_scene(replace(SETTINGS, texel=texel), seed=0, index=2, pictures=noise)
        for texel in (1.5, 6.0)
    )
    for one, other in zip(fine.layers, plain.layers, strict=True):
        assert np.array_equal(one.shift, other.shift)
        assert np.array_equal(one.turn, other.turn)
    steps = [np.abs(np.diff(s.render().astype(float), axis=2)).mean() for s in (fine, plain)]
    assert steps[1] < steps[0] / 2  # between pixels side by side


def test_kinds_take_turns_and_only_cameras_move_the_background(noise):
    scenes = [draw_scene(SETTINGS, seed=0, index=i, pictures=noise) for i in range(10)]
    assert [scene.kind for scene in scenes] == [*KINDS, *KINDS]
    still = [bool((s.layers[0].shift == 0).all() and (s.layers[0].turn == 1).all()) for s in scenes]
    assert still == [True, True, True, False, False] * 2
    some = replace(SETTINGS, kinds=("slide", "pan"))
    kinds = [draw_scene(some, seed=0, index=i, pictures=noise).kind for i in range(3)]
    assert kinds == ["slide", "pan", "slide"]


def test_each_kind_does_what_it_says(noise):
    slide, accelerate, rotate, pan, zoom = (
        draw_scene(replace(SETTINGS, frames=5, speed=0.1), seed=1, index=i, pictures=noise)
        for i in range(5)
    )
    assert np.allclose(np.diff(slide.layers[1].shift, n=2), 0)
    assert not np.allclose(np.diff(accelerate.layers[1].shift, n=2), 0)
    assert np.allclose(slide.layers[1].turn, slide.layers[1].turn[0])
    turned = np.angle(rotate.layers[1].turn[1:] / rotate.layers[1].turn[:-1])
    assert np.allclose(turned, turned[0])
    assert abs(turned[0]) > 0.005
    assert np.allclose(np.diff(pan.layers[0].shift, n=2), 0)
    assert abs(np.diff(pan.layers[0].shift)).min() > 0
    assert abs(np.diff(np.abs(zoom.layers[0].turn))).min() > 0


def test_speed_is_a_factor_on_all_motion(noise):
    at_rest = rendered(replace(SETTINGS, speed=0.0), noise, index=4)
    assert (at_rest == at_rest[0]).all()
    one, two = (
        draw_scene(replace(SETTINGS, speed=s, frames=3), seed=0, index=3, pictures=noise)
        for s in (0.1, 0.2)
    )
    moved = [layer.shift[2] - layer.shift[0] for scene in (one, two) for layer in scene.layers]
    assert moved[4:] == pytest.approx([2 * m for m in moved[:4]])


def test_without_predictability_every_group_has_another_direction(noise):
    settings = replace(SETTINGS, frames=1 + 6 * GROUP, predictability=0.0, speed=0.2)
    path = draw_scene(settings, seed=0, index=0, pictures=noise).layers[1].shift
    steps = np.diff(path).reshape(6, GROUP)
    assert np.allclose(steps, steps[:, :1])
    assert not np.isclose(steps[1:, 0], steps[:-1, 0]).any()


def test_the_packaged_pictures_are_found():
    pictures = packaged_pictures()
    assert len(pictures.images) == 12
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in pictures.images)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"height": 8}, "height must be at least 16, got 8"),
        ({"frames": 0}, "frames must be at least 1, got 0"),
        ({"speed": -1.0}, "speed must be at least 0, got -1.0"),
        ({"speed": float("inf")}, "speed must be at most 1,000, got inf"),
        ({"sprites": -1}, "sprites must be at least 0, got -1"),
        ({"texel": 0.5}, "texel must be at least 1, got 0.5"),
        ({"predictability": 1.5}, r"predictability must be in \[0, 1\], got 1.5"),
        ({"predictability": float("nan")}, "predictability must be in"),
    ],
)
def test_settings_that_cannot_be_are_one_line(values, message):
    with pytest.raises(ConfigError, match=message):
        replace(SETTINGS, **values)
