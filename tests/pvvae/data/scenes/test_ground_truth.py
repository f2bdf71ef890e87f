from dataclasses import replace

import numpy as np
import pytest

from pvvae.data.scenes import KINDS, SceneSettings, draw_scene, packaged_pictures, truth_of
from pvvae.data.scenes.ground_truth import foremost, pixels
from tests.pvvae.data.scenes.flow import flow_at
from tests.pvvae.data.scenes.warping import differences_after_warping

SETTINGS = SceneSettings(height=48, width=64, frames=9, predictability=0.5)


def drawn(pictures, index, settings=SETTINGS, **words):
    scene = draw_scene(settings, seed=5, index=index, pictures=pictures)
    return scene, truth_of(scene, seed=5, index=index, **words)


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_on_slopes_a_frame_is_the_next_one_warped_back(index, ramps):
    found = differences_after_warping(*drawn(ramps, index))
    assert len(found) > 3000
    assert (
        found.max() < 3
    )  # levels of 255: two roundings, and the crease where the ground is mirrored


def test_on_photographs_too_but_for_bilinear_sampling():
    scenes = [drawn(packaged_pictures(), i) for i in range(10)]
    found = np.concatenate([differences_after_warping(*scene) for scene in scenes])
    assert found.mean() < 2
    assert np.quantile(found, 0.99) < 16
    still = [(scene, replace(truth, flow=0 * truth.flow)) for scene, truth in scenes]
    unmoved = np.concatenate([differences_after_warping(*scene) for scene in still])
    assert unmoved.mean() > 3 * found.mean()


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_tracks_follow_the_flow(index, noise):
    scene, truth = drawn(noise, index)
    points = scene.grid.ravel()[::37]
    at = [points]
    seen = [np.ones(points.shape, bool)]
    owner = foremost(scene, points, 0)
    for t in range(8):
        at.append(at[-1] + flow_at(scene, at[-1], t) / scene.settings.short_side)
        seen.append(seen[-1] & (foremost(scene, at[-1], t + 1) == owner))
    exact = [scene.layers[k].move(p, 0, 8) for k, p in zip(owner, points, strict=True)]
    error = np.abs(np.array(exact) - at[-1]) * scene.settings.short_side
    assert seen[-1].sum() > 30
    assert error[seen[-1]].max() < 1e-9  # pixels
    assert np.array_equal(
        truth.flow[3].reshape(-1, 2)[::37],
        np.stack([(f := flow_at(scene, points, 3)).real, f.imag], -1).astype(np.float32),
    )


def test_tracks_start_in_the_frame_and_are_seen_where_their_layer_is_foremost(noise):
    scene, truth = drawn(noise, 3, num_tracks=500)
    assert truth.tracks.shape == (9, 500, 2)
    assert truth.visible[0].all()
    x, y = truth.tracks[0].T
    assert (np.abs(x - 31.5) <= 32).all()
    assert (np.abs(y - 23.5) <= 24).all()
    nearest = np.rint(truth.tracks).astype(int)
    inside = ((nearest >= 0) & (nearest < (64, 48))).all(-1)
    assert not (truth.visible & ~inside).any()
    mine = foremost(scene, (x - 31.5 + 1j * (y - 23.5)) / 48, 0)
    shown = truth.owner[8][nearest[8, :, 1].clip(0, 47), nearest[8, :, 0].clip(0, 63)]
    agree = (shown == mine) == truth.visible[8]
    assert agree[inside[8]].mean() > 0.95  # all but those nearest to a pixel across an edge


def test_what_is_in_front_occludes_what_is_behind(noise):
    scene, truth = drawn(noise, 0, replace(SETTINGS, sprites=4, frames=17))
    assert set(np.unique(truth.owner)) == {0, 1, 2, 3, 4}
    for t in range(16):
        for number, layer in enumerate(scene.layers):
            mine = truth.owner[t] == number
            there = layer.move(scene.grid[mine], t, t + 1)
            at = pixels(scene, there)
            outside = (np.abs(at.real - 31.5) > 32) | (np.abs(at.imag - 23.5) > 24)
            covered = np.zeros(there.shape, bool)
            for other in scene.layers[number + 1 :]:
                covered |= other.covers(there, t + 1)
            assert np.array_equal(truth.occluded[t][mine], covered | outside)
            # In front of a sprite's own pixels there is no other that covers them.
            assert not any(
                other.covers(scene.grid[mine], t).any() for other in scene.layers[number + 1 :]
            )
    assert truth.occluded.any()


def test_a_larger_frame_has_the_same_flow_in_more_pixels(noise):
    small = drawn(noise, 4)[0]
    large = drawn(noise, 4, replace(SETTINGS, height=96, width=128))[0]
    points = small.grid.ravel()
    both = [foremost(scene, points, 2) for scene in (small, large)]
    same = both[0] == both[1]
    assert same.mean() > 0.95
    flows = [flow_at(scene, points, 2)[same] for scene in (small, large)]
    assert np.allclose(2 * flows[0], flows[1], atol=1e-9)


def test_a_single_frame_has_no_flow(noise):
    _, truth = drawn(noise, 0, replace(SETTINGS, frames=1))
    assert truth.flow.shape == (0, 48, 64, 2)
    assert truth.visible.all()
