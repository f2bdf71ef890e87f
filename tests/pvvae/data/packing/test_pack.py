import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pvvae.data.packing.pack import pack
from pvvae.data.packing.sources import Source
from pvvae.data.shards.index import ShardIndex
from pvvae.data.video.frames import hard_cuts, resize_short_side
from pvvae.data.video.video import read_image, read_video, write_video
from pvvae.errors import ConfigError

SMALL = {"short_side": 32, "shards": 2, "clips_per_shard": 2}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def array(index: ShardIndex, i: int) -> np.ndarray:
    data = index.read(i)
    header = 128  # what np.save writes for so small a shape
    return np.frombuffer(data[header:], np.uint8).reshape(-1, 32, index.sample(i).width, 3)


def test_clips_are_the_resized_frames_of_their_video_without_loss(dataset, tmp_path):
    report = pack(dataset, tmp_path / "out", **SMALL)
    assert [(f.num_clips, f.num_sources, f.num_shards) for f in report.folders] == [(6, 4, 3)]
    assert report.rejects == ()
    index = ShardIndex.open(tmp_path / "out")
    assert index.classes == ("cats", "dogs")
    found = [index.sample(i) for i in range(len(index))]
    assert [(s.source, s.start, s.label) for s in found] == [
        ("cats/a.mp4", 0, 0),
        ("cats/a.mp4", 17, 0),
        ("cats/b.mp4", 0, 0),
        ("cats/b.mp4", 17, 0),
        ("dogs/c.mp4", 0, 1),
        ("dogs/d.mp4", 0, 1),
    ]
    for i, sample in enumerate(found):
        frames = read_video(dataset / sample.source, start=sample.start, frames=17)
        expected = np.stack([resize_short_side(frame, 32) for frame in frames])
        assert np.array_equal(array(index, i), expected)
        assert (sample.frames, sample.height, sample.width, sample.fps) == (17, 32, 43, 25.0)


def test_packing_twice_gives_the_same_bytes(dataset, tmp_path):
    for name in ("one", "two"):
        pack(dataset, tmp_path / name, **SMALL)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def killed_after(units: int, dataset: Path, out: Path) -> None:
    """Pack in a process that kills itself, as a scheduler would, after so many units."""
    child = os.fork()
    if child == 0:
        try:
            pack(
                dataset,
                out,
                **SMALL,
                on_progress=lambda done, _: done < units or os.kill(os.getpid(), signal.SIGKILL),
            )
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("units", [1, 3, 5, 7, 8])
def test_a_killed_pack_goes_on_to_the_same_bytes(dataset, tmp_path, units):
    pack(dataset, tmp_path / "whole", **SMALL)
    killed_after(units, dataset, tmp_path / "cut")
    assert contents(tmp_path / "cut") != contents(tmp_path / "whole")
    assert not pack(dataset, tmp_path / "cut", **SMALL).folders[0].already_done
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_what_a_killed_pack_half_wrote_is_overwritten(dataset, tmp_path):
    pack(dataset, tmp_path / "whole", **SMALL)
    killed_after(4, dataset, tmp_path / "cut")
    with (tmp_path / "cut" / ".survey.jsonl").open("a") as survey:
        survey.write('{"starts": [0, 1')
    (tmp_path / "cut" / ".00000.tar.partial").write_bytes(b"half a shard")
    pack(dataset, tmp_path / "cut", **SMALL)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_finished_pack_says_so_and_touches_nothing(dataset, tmp_path):
    first = pack(dataset, tmp_path / "out", **SMALL)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    units = []
    again = pack(dataset, tmp_path / "out", **SMALL, on_progress=lambda *u: units.append(u))
    assert again.folders[0].already_done
    assert not first.folders[0].already_done
    assert again.folders[0].num_clips == first.folders[0].num_clips
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert units == [(8, 8)]


def test_another_pack_is_never_mixed_in(dataset, tmp_path, make_video):
    pack(dataset, tmp_path / "out", **SMALL)
    with pytest.raises(ConfigError, match=r"holds another pack \(stride: 1 != 2\)"):
        pack(dataset, tmp_path / "out", **SMALL, stride=2)
    make_video(dataset / "dogs" / "new.mp4")
    with pytest.raises(ConfigError, match="holds another pack"):
        pack(dataset, tmp_path / "out", **SMALL)


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path, make_video):
    source = tmp_path / "videos"
    make_video(source / "good.mp4", frames=20)
    make_video(source / "short.mp4", frames=16)
    make_video(source / "tiny.mp4", size=(14, 16))
    data = make_video(source / "truncated.mp4").read_bytes()
    (source / "truncated.mp4").write_bytes(data[: len(data) // 2])
    (source / "text.avi").write_text("no video")
    report = pack(source, tmp_path / "out", **SMALL)
    reasons = {reject.source: reject.reason for reject in report.rejects}
    assert reasons["short.mp4"] == "16 frames, 17 are needed"
    assert reasons["tiny.mp4"] == "14 x 16 is too small: the shorter side must be at least 16"
    assert reasons["truncated.mp4"].startswith("truncated, ")
    assert reasons["text.avi"].startswith("cannot be decoded")
    assert len(reasons) == 4
    assert ShardIndex.open(tmp_path / "out").rejects == report.rejects
    assert "rejected short.mp4: 16 frames" in str(report)


def test_a_held_out_video_has_no_clip_in_training(dataset, tmp_path):
    pack(dataset, tmp_path / "out", **SMALL, held_out=["cats/b.mp4", "dogs/d*"])
    train, held_out = (ShardIndex.open(tmp_path / "out" / n) for n in ("train", "held_out"))
    sources = [set(index.column("source").tolist()) for index in (train, held_out)]
    assert sources == [{b"cats/a.mp4", b"dogs/c.mp4"}, {b"cats/b.mp4", b"dogs/d.mp4"}]
    assert train.classes == held_out.classes == ("cats", "dogs")


def test_a_class_that_is_only_held_out_comes_after_those_of_training(dataset, tmp_path):
    pack(dataset, tmp_path / "out", **SMALL, held_out=["cats/*"])
    assert ShardIndex.open(tmp_path / "out" / "train").classes == ("dogs",)
    assert ShardIndex.open(tmp_path / "out" / "held_out").classes == ("dogs", "cats")


def test_a_held_out_fraction_counts_videos(dataset, tmp_path):
    report = pack(dataset, tmp_path / "out", **SMALL, held_out_fraction=0.25)
    assert [folder.num_sources for folder in report.folders] == [3, 1]
    with pytest.raises(ConfigError, match="--held-out: no video matches 'cat'"):
        pack(dataset, tmp_path / "out", held_out=["cat"])
    with pytest.raises(ConfigError, match="none is left to train on"):
        pack(dataset, tmp_path / "out", held_out=["*"])


def test_original_files_are_kept_byte_for_byte(dataset, tmp_path, image):
    (dataset / "cats" / "picture.png").write_bytes(image.read_bytes())
    pack(dataset, tmp_path / "out", **SMALL, store="file")
    index = ShardIndex.open(tmp_path / "out")
    assert len(index) == 5
    for i in range(5):
        sample = index.sample(i)
        assert index.read(i) == (dataset / sample.source).read_bytes()
        assert (sample.height, sample.width) == (48, 64)
    assert index.column("frames").tolist() == [40, 34, 1, 20, 17]


def test_an_image_is_a_clip_of_one_frame(tmp_path, image):
    pack(image.parent, tmp_path / "out", **SMALL)
    index = ShardIndex.open(tmp_path / "out")
    assert index.classes == ()
    assert np.array_equal(array(index, 0), resize_short_side(read_image(image), 32)[None])


def test_a_folder_of_frames_can_be_one_video(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    for clip in ("x", "y"):
        (tmp_path / "frames" / clip).mkdir(parents=True)
        for i, frame in enumerate(frames):
            Image.fromarray(frame).save(tmp_path / "frames" / clip / f"{i:04d}.png")
    pack(tmp_path / "frames", tmp_path / "out", **SMALL, frames=5, frame_folders=True)
    index = ShardIndex.open(tmp_path / "out")
    assert [index.sample(i).source for i in range(len(index))] == ["x", "y"]
    assert np.array_equal(array(index, 1), frames)


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_folder_of_frames_is_read_to_its_end_before_it_is_used(tmp_path, image, is_whole):
    for clip in ("x", "y"):
        (tmp_path / "frames" / clip).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (32, 32)).save(tmp_path / "frames" / clip / f"{i}.png")
    last = tmp_path / "frames" / "y" / "3.png"
    last.write_bytes(image.read_bytes() if is_whole else b"")  # whole, but of another size
    report = pack(tmp_path / "frames", tmp_path / "out", **SMALL, frames=2, frame_folders=True)
    assert [reject.source for reject in report.rejects] == ["y"]
    assert report.folders[0].num_clips == 2


def test_there_are_as_many_shards_as_asked_for_if_there_are_as_many_clips(dataset, tmp_path):
    counts = {}
    for shards in (1, 4, 6, 100):
        out = tmp_path / str(shards)
        counts[shards] = pack(dataset, out, short_side=32, shards=shards).folders[0].num_shards
    assert counts == {1: 1, 4: 4, 6: 6, 100: 6}


def test_stride_and_limit_choose_the_first_frames(dataset, tmp_path):
    options = {"frames": 5, "stride": 3, "max_clips_per_video": 1}
    pack(dataset, tmp_path / "out", **SMALL, **options)
    index = ShardIndex.open(tmp_path / "out")
    assert len(index) == 4
    assert index.sample(0).fps == pytest.approx(25 / 3)
    frames = read_video(dataset / "cats" / "a.mp4")[0:15:3]
    assert np.array_equal(array(index, 0), np.stack([resize_short_side(f, 32) for f in frames]))


def test_no_clip_lies_across_a_hard_cut(tmp_path):
    dark, bright = (np.full((32, 48, 3), value, np.uint8) for value in (20, 200))
    path = tmp_path / "videos" / "a.mp4"
    write_video(path, [dark] * 20 + [bright] * 30, fps=25)
    assert hard_cuts(read_video(path)) == ([20], 50)
    report = pack(path.parent, tmp_path / "out", **SMALL, frames=9, drop_cuts=True)
    starts = ShardIndex.open(tmp_path / "out").column("start").tolist()
    assert starts == [0, 9, 20, 29, 38]
    assert report.rejects == ()


def test_a_part_of_a_video_can_be_a_source(dataset, tmp_path):
    path = dataset / "cats" / "a.mp4"
    parts = [
        Source(path=path, name="first", stop=20),
        Source(path=path, name="second", start=20),
    ]
    pack(parts, tmp_path / "out", **SMALL, frames=10)
    index = ShardIndex.open(tmp_path / "out")
    assert index.column("start").tolist() == [0, 10, 20, 30]
    whole = np.stack([resize_short_side(frame, 32) for frame in read_video(path)])
    assert np.array_equal(np.concatenate([array(index, i) for i in range(4)]), whole)


def test_a_full_disk_leaves_whole_files_only_and_says_so(dataset, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".00001.tar.partial").symlink_to("/dev/full")  # where every write finds no space
    with pytest.raises(ConfigError, match="the disk is full"):
        pack(dataset, out, **SMALL)
    assert sorted(p.name for p in out.iterdir()) == [".survey.jsonl", "00000.tar"]
    pack(dataset, out, **SMALL)
    pack(dataset, tmp_path / "whole", **SMALL)
    assert contents(out) == contents(tmp_path / "whole")


def test_mistakes_are_one_line(dataset, tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        pack(tmp_path / "nothing", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"nothing to pack in it; known files: \.3g2 \.3gp"):
        pack(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(ConfigError, match="frames must be at least 1"):
        pack(dataset, tmp_path / "out", frames=0)
    with pytest.raises(ConfigError, match="--drop-cuts: needs --store frames"):
        pack(dataset, tmp_path / "out", store="file", drop_cuts=True)
    (tmp_path / "a_file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        pack(dataset, tmp_path / "a_file" / "out")


def test_the_index_is_json_that_others_can_read(dataset, tmp_path):
    pack(dataset, tmp_path / "out", **SMALL)
    data = json.loads((tmp_path / "out" / "index.json").read_text())
    assert data["settings"]["short_side"] == 32
    assert [shard["name"] for shard in data["shards"]] == ["00000.tar", "00001.tar", "00002.tar"]
    assert all(len(shard["sha256"]) == 64 for shard in data["shards"])


@pytest.mark.parametrize("held_out", [(), ("short.mp4",)])
def test_a_pack_that_failed_is_in_nobodys_way(tmp_path, make_video, held_out):
    videos = tmp_path / "videos"
    make_video(videos / "short.mp4", frames=5)
    if held_out:
        make_video(videos / "long.mp4", frames=20)
    with pytest.raises(ConfigError, match=r"none of 1 videos and images can be used"):
        pack(videos, tmp_path / "new" / "out", short_side=32, held_out=held_out)
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    with pytest.raises(ConfigError, match=r"none of 1 videos and images can be used"):
        pack(videos, tmp_path / "mine", short_side=32, held_out=held_out)
    assert list((tmp_path / "mine").iterdir()) == []
    report = pack(videos, tmp_path / "mine", short_side=32, frames=5, held_out=held_out)
    assert [folder.num_sources for folder in report.folders] == [1] * (1 + len(held_out))
