import io
from dataclasses import replace

import numpy as np
import pytest

from pvvae.data.clips import held_out_clips
from pvvae.data.scenes import KINDS, SceneSettings, draw_scene, truth_of
from pvvae.data.scenes.shards import SceneSet, write_scenes
from pvvae.data.shards import tars
from pvvae.data.shards.index import ShardIndex, read_clip
from pvvae.errors import ConfigError

SETTINGS = SceneSettings(height=16, width=24, frames=5)
SET = SceneSet(settings=SETTINGS, clips=7, seed=2, shards=3)


def test_what_is_read_back_is_what_was_drawn(tmp_path, noise):
    write_scenes(tmp_path / "scenes", SET, pictures=noise)
    index = ShardIndex.open(tmp_path / "scenes")
    assert (len(index), index.num_shards, index.classes) == (7, 3, KINDS)
    assert index.column("label").tolist() == [0, 1, 2, 3, 4, 0, 1]
    for i in range(7):
        scene = draw_scene(SETTINGS, seed=2, index=i, pictures=noise)
        assert np.array_equal(read_clip(index, i, frames=5), scene.render())
    clips = held_out_clips(tmp_path / "scenes", frames=5, height=16, width=16, limit=3)
    assert [clip.frames.shape for clip in clips] == [(5, 16, 16, 3)] * 3


def test_ground_truth_lies_beside_the_clip(tmp_path, noise):
    write_scenes(tmp_path, replace(SET, clips=1, truth=True), pictures=noise)
    extents = tars.list_tar(tmp_path / "00000.tar")["000000000"]
    stored = np.load(io.BytesIO(tars.read_extent(tmp_path / "00000.tar", extents["truth.npz"])))
    scene = draw_scene(SETTINGS, seed=2, index=0, pictures=noise)
    truth = vars(truth_of(scene, seed=2, index=0))
    assert set(stored) == set(truth) == {"flow", "occluded", "owner", "tracks", "visible"}
    assert all(np.array_equal(stored[name], array) for name, array in truth.items())


def test_cut_anywhere_it_goes_on_to_the_same_bytes(tmp_path, noise):
    def cut(done):
        if done == 4:
            raise KeyboardInterrupt

    write_scenes(tmp_path / "whole", SET, pictures=noise)
    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "cut", SET, pictures=noise, on_progress=cut)
    assert [p.name for p in sorted((tmp_path / "cut").glob("*.tar"))] == ["00000.tar"]
    write_scenes(tmp_path / "cut", SET, pictures=noise)
    contents = [
        {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("whole", "cut")
    ]
    assert contents[0] == contents[1]
    assert set(contents[0]) == {"00000.tar", "00001.tar", "00002.tar", "index.json"}


def test_other_scenes_do_not_go_into_the_same_folder(tmp_path, noise, ramps):
    write_scenes(tmp_path, SET, pictures=noise)
    with pytest.raises(ConfigError, match=r"holds something else \(seed: 2 != 3\); choose"):
        write_scenes(tmp_path, replace(SET, seed=3), pictures=noise)
    with pytest.raises(ConfigError, match=r"holds something else \(pictures: "):
        write_scenes(tmp_path, SET, pictures=ramps)


def test_shards_of_others_are_not_taken_for_scenes(tmp_path, noise):
    (tmp_path / "a.tar").touch()
    with pytest.raises(
        ConfigError, match="has shards that hold other things than scenes; choose another"
    ):
        write_scenes(tmp_path, SET, pictures=noise)


def test_no_clips_is_one_line():
    with pytest.raises(ConfigError, match="clips must be at least 1, got 0"):
        replace(SET, clips=0)
