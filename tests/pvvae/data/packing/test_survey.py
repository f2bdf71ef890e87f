import pytest

from pvvae.data.packing.pack import pack
from pvvae.errors import ConfigError

SMALL = {"short_side": 32, "shards": 2, "clips_per_shard": 2}


def test_limits_that_cost_sources_say_which_ones_would_not(tmp_path, make_video):
    make_video(tmp_path / "videos" / "good.mp4", frames=20)
    make_video(tmp_path / "videos" / "tiny.mp4", size=(14, 30))
    make_video(tmp_path / "videos" / "small.mp4", size=(18, 30))
    make_video(tmp_path / "videos" / "short.mp4", frames=9)
    report = pack(tmp_path / "videos", tmp_path / "out", **SMALL)
    assert report.folders[0].num_sources == 2
    assert report.folders[0].advice == (
        "1 of 4 are smaller than 16, the least has 14: --min-side 14 takes them, enlarged",
        "1 of 4 are too short for a clip of 17 frames, the shortest has 9: fewer --frames or a "
        "smaller --stride take them",
    )


def test_a_pack_without_a_single_clip_is_an_error(tmp_path, make_video):
    make_video(tmp_path / "videos" / "short.mp4", frames=5)
    with pytest.raises(ConfigError, match=r"none of 1 videos .* short.mp4: 5 frames, 17 are"):
        pack(tmp_path / "videos", tmp_path / "out", short_side=32)
