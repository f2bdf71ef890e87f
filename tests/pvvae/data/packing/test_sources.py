import os

import av
import pytest

from pvvae.data.packing.pack import pack
from pvvae.data.shards.index import ShardIndex, require_size
from pvvae.errors import ConfigError

SMALL = {"short_side": 32, "shards": 2, "clips_per_shard": 2}


def test_what_is_passed_over_is_counted(dataset, tmp_path, image):
    for name in ("a.gif", "b.GIF", "c.avif", "d.tiff", "e.json", "notes"):
        (dataset / "cats" / name).write_bytes(b"x")
    for name in ("._a.mp4", "cats/._a.mp4", ".DS_Store", "__MACOSX/x.mp4"):
        (dataset / name).parent.mkdir(exist_ok=True)
        (dataset / name).write_bytes(b"x")
    (dataset / "link").symlink_to(image.parent, target_is_directory=True)
    os.mkfifo(dataset / "cats" / "pipe.mp4")
    report = pack(dataset, tmp_path / "out", **SMALL)
    assert report.notes == (
        "passed over 12: 4 hidden, 2 .gif, 1 .avif, 1 .json, 1 .tiff, 1 linked folders, "
        "1 special files, 1 without a suffix",
    )
    assert report.folders[0].classes == ("cats", "dogs")
    assert report.notes[0] in str(report)
    assert pack(dataset, tmp_path / "out", **SMALL).notes == report.notes
    only = tmp_path / "only"
    only.mkdir()
    (only / "a.gif").write_bytes(b"x")
    with pytest.raises(
        ConfigError, match=r"nothing to pack in it \(passed over 1: 1 \.gif\); known"
    ):
        pack(only, tmp_path / "none", **SMALL)


def test_a_file_beside_the_classes_says_that_it_ends_them(dataset, tmp_path, make_video):
    make_video(dataset / "e.mp4", frames=18)
    report = pack(dataset, tmp_path / "out", **SMALL)
    assert report.notes == (f"no classes: 1 of 5 lie in {dataset} itself, in no folder",)


def test_a_link_to_nowhere_is_a_reject_like_any_other(dataset, tmp_path):
    (dataset / "cats" / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    (dataset / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    report = pack(dataset, tmp_path / "out", **SMALL)
    assert [(r.source, r.reason) for r in report.rejects] == [
        ("cats/gone.mp4", "no such file"),
        ("cats/gone.png", "no such file"),
    ]
    assert report.folders[0].num_clips == 6


def test_videos_and_images_are_told_apart_in_time(dataset, tmp_path, image):
    (dataset / "cats" / "picture.png").write_bytes(image.read_bytes())
    report = pack(dataset, tmp_path / "both", **SMALL)
    assert report.notes[0].startswith("holds 4 videos and 1 images: clips of several frames are")
    index = ShardIndex.open(tmp_path / "both")
    with pytest.raises(ConfigError, match=r"1 of 7 .*; 1 of them are images, .* \(--only videos\)"):
        require_size(index, frames=17, height=32, width=32)
    for only, clips in (("videos", 6), ("images", 1)):
        report = pack(dataset, tmp_path / only, **SMALL, only=only)
        assert report.folders[0].num_clips == clips
        assert report.notes[0].startswith("passed over ")
    require_size(ShardIndex.open(tmp_path / "videos"), frames=17, height=32, width=32)


def test_names_and_titles_that_are_no_utf8_are_packed(tmp_path, make_video):
    folder = tmp_path / "videos" / os.fsdecode(b"caf\xe9")
    path = make_video(folder / os.fsdecode(b"Am\xe9lie.mp4"), frames=17)
    titled = folder / "titled.mp4"
    with av.open(str(path)) as old, av.open(str(titled), "w") as new:
        new.metadata["title"] = "Amelie"
        new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = new.streams.video[0]
                new.mux(packet)
    titled.write_bytes(titled.read_bytes().replace(b"Amelie", b"Am\xe9lie"))
    report = pack(tmp_path / "videos", tmp_path / "out", **SMALL)
    assert str(report).encode()
    index = ShardIndex.open(tmp_path / "out")
    assert index.classes == (r"caf\xe9",)
    assert [index.sample(i).source for i in range(2)] == [
        r"caf\xe9/Am\xe9lie.mp4",
        r"caf\xe9/titled.mp4",
    ]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wmv", "wmv2"),
        ("a.flv", "flv1"),
        ("a.3gp", "libx264"),
        ("a.mts", "libx264"),
        ("a.m2ts", "libx264"),
        ("a.vob", "mpeg2video"),
        ("a.mxf", "mpeg2video"),
        ("a.ogv", "libvpx"),
    ],
)
def test_containers_of_cameras_and_the_web_are_packed(tmp_path, make_video, name, codec):
    make_video(tmp_path / "videos" / name, codec=codec)
    report = pack(tmp_path / "videos", tmp_path / "out", **SMALL)
    assert (report.folders[0].num_clips, report.rejects) == (2, ())
