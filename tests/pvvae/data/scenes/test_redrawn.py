"""Scenes drawn anew from their shards."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from pvvae.data.held_out import held_out_clips
from pvvae.data.scenes import Pictures, SceneSettings, packaged_pictures, pictures_in
from pvvae.data.scenes.redrawn import SceneShards, scene_shards
from pvvae.data.scenes.shards import SceneSet, write_scenes
from pvvae.data.shards.subset import make_subset

SETTINGS = SceneSettings(height=32, width=48, frames=9)


def _shards(folder: Path, pictures: Pictures) -> Path:
    scenes = SceneSet(settings=SETTINGS, clips=4, seed=7, shards=1)
    write_scenes(folder, scenes, pictures=pictures)
    return folder


def test_a_scene_is_drawn_as_it_was_and_as_long_as_asked_for(tmp_path: Path) -> None:
    folder = _shards(tmp_path / "all", packaged_pictures())
    make_subset(folder, tmp_path / "half", fraction=Fraction(1, 2), seed=0)
    for shards in (folder, tmp_path / "half"):
        known = scene_shards(shards)
        assert isinstance(known, SceneShards)
        for clip in held_out_clips(str(shards), frames=5, height=32, width=48):
            drawn = known.scene(clip.source, frames=5).render()
            np.testing.assert_array_equal(drawn, clip.frames)


def test_clips_of_another_making_say_why(tmp_path: Path, shards: Path, noise: Pictures) -> None:
    assert scene_shards(shards / "train") == "these clips are no scenes with known motion"
    assert scene_shards(tmp_path) == "these clips are no scenes with known motion"
    other = _shards(tmp_path / "noise", noise)
    assert "not the packaged ones" in str(scene_shards(other))


def test_scenes_of_other_pictures_are_known_with_them(tmp_path: Path, noise: Pictures) -> None:
    for number, image in enumerate(noise.images):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    mine = pictures_in(tmp_path)
    folder = _shards(tmp_path / "shards", mine)
    known = scene_shards(folder, pictures=tmp_path)
    assert isinstance(known, SceneShards)
    assert known.pictures.digest == mine.digest
