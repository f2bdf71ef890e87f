import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pvvae.config import decode, encode
from pvvae.data.clips import DataConfig, TrainingClips, held_out_clips, to_pixels, to_uint8
from pvvae.data.packing.pack import pack
from pvvae.data.schedule import Bucket
from pvvae.data.shards.index import ShardIndex
from pvvae.data.video.pixels import cropped
from pvvae.data.video.video import write_video
from pvvae.errors import ConfigError

VIDEO = Bucket(frames=9, height=24, width=24, batch=2)
WIDE = Bucket(frames=5, height=16, width=32, batch=3)
IMAGE = Bucket(frames=1, height=32, width=32, batch=4)
STEPS = 12


@pytest.fixture(params=["frames", "file"])
def shards(request, dataset, tmp_path) -> str:
    pack(dataset, tmp_path / "shards", short_side=32, shards=2, store=request.param)
    return str(tmp_path / "shards")


def config(shards: str, **options) -> DataConfig:
    options = {"slots": 4, "buckets": (VIDEO, WIDE, IMAGE), "image_ratio": 0.4} | options
    return DataConfig(train=shards, **options)


def same(a, b) -> bool:
    return (
        torch.equal(a.x, b.x)
        and torch.equal(a.positions, b.positions)
        and (a.labels is b.labels or torch.equal(a.labels, b.labels))
        and a.keys == b.keys
    )


def test_a_batch_has_the_shape_of_its_bucket_and_pixels_in_range(shards):
    clips = TrainingClips(config(shards), steps=STEPS, seed=0)
    shapes = set()
    for step in range(STEPS):
        for slot in range(4):
            batch = clips.batch(step, slot)
            assert batch.x.dtype == torch.float32
            assert batch.x.abs().max() <= 1
            assert batch.x.std() > 0.1  # pixels, not padding
            assert len(batch.positions) == len(batch.labels) == len(batch.keys) == len(batch.x)
            shapes.add(tuple(batch.x.shape))
    assert shapes == {(2, 3, 9, 24, 24), (3, 3, 5, 16, 32), (4, 3, 1, 32, 32)}


@pytest.mark.parametrize("slots", [[[0, 1, 2, 3]], [[0, 1], [2, 3]], [[0], [1], [2], [3]]])
def test_any_sharing_out_of_slots_gives_the_same_batches(shards, slots):
    clips = TrainingClips(config(shards), steps=STEPS, seed=0)
    for process in slots:
        for step, batches in enumerate(clips.iterate(0, process)):
            assert all(
                same(batch, clips.batch(step, slot))
                for batch, slot in zip(batches, process, strict=True)
            )


def test_a_run_taken_up_in_the_middle_goes_on_with_the_same_batches(shards):
    clips = TrainingClips(config(shards), steps=STEPS, seed=0)
    later = list(TrainingClips(config(shards), steps=STEPS, seed=0).iterate(7, [2]))
    assert len(later) == STEPS - 7
    assert all(same(step[0], clips.batch(7 + i, 2)) for i, step in enumerate(later))


def test_workers_change_nothing_and_leave_the_global_generator_alone(shards):
    alone = TrainingClips(config(shards), steps=STEPS, seed=0)
    state = torch.get_rng_state()
    helped = TrainingClips(config(shards, workers=2), steps=STEPS, seed=0).iterate(3, [0, 3])
    for step in range(3, 6):
        batches = next(helped)
        assert all(same(b, alone.batch(step, s)) for b, s in zip(batches, (0, 3), strict=True))
    helped.close()
    assert torch.equal(state, torch.get_rng_state())


def test_every_clip_is_used_once_an_epoch(shards):
    clips = TrainingClips(config(shards), steps=STEPS, seed=0)
    batches = [b for step in clips.iterate(0, range(4)) for b in step]
    keys = [key for batch in batches for key in batch.keys]
    size = len(clips.index)
    assert torch.equal(torch.cat([b.positions for b in batches]), torch.arange(len(keys)))
    for start in range(0, len(keys) - size + 1, size):
        assert len(set(keys[start : start + size])) == size
    assert sum(clips.clips_in_step(step) for step in range(STEPS)) == len(keys)


def test_labels_are_those_of_the_classes(shards):
    clips = TrainingClips(config(shards), steps=STEPS, seed=0)
    known = {
        clips.index.sample(i).key: clips.index.sample(i).label for i in range(len(clips.index))
    }
    batch = clips.batch(0, 0)
    assert batch.labels.tolist() == [known[key] for key in batch.keys]


def test_augmentation_is_drawn_for_the_place_not_for_the_bucket(shards):
    """Two runs whose slots hold other numbers of clips cut clip 5 the same way."""
    one, two = (
        TrainingClips(
            config(shards, buckets=(Bucket(frames=9, height=24, width=24, batch=size),)),
            steps=STEPS,
            seed=0,
        )
        for size in (2, 3)
    )
    assert torch.equal(one.batch(0, 2).x[1], two.batch(0, 1).x[2])
    assert one.batch(0, 2).positions[1] == two.batch(0, 1).positions[2] == 5


def test_flips_and_crops_stay_off_when_switched_off(shards):
    whole = Bucket(frames=17, height=32, width=43, batch=1)
    clips = TrainingClips(config(shards, buckets=(whole,), flip=0.0), steps=STEPS, seed=0)
    flipped = TrainingClips(config(shards, buckets=(whole,), flip=1.0), steps=STEPS, seed=0)
    for step in range(3):
        assert torch.equal(clips.batch(step, 0).x, flipped.batch(step, 0).x.flip(-1))


def test_a_clip_too_short_for_its_bucket_is_named(shards):
    long = Bucket(frames=17, height=24, width=24, batch=1)
    with pytest.raises(ConfigError, match=r"too few frames: 00000000\d .*33 are needed"):
        TrainingClips(config(shards, buckets=(long,), frame_stride=2), steps=1, seed=0)


def test_a_damaged_shard_is_one_line_from_a_worker_too(shards, tmp_path):
    clips = TrainingClips(config(shards, workers=1), steps=STEPS, seed=0)
    for shard in clips.index.shards:
        (tmp_path / "shards" / shard.name).unlink()
    with pytest.raises(ConfigError, match=r"^\S+\.tar: cannot be read: No such file or directory$"):
        next(clips.iterate(0, [0]))


ONE = Bucket(frames=17, height=24, width=24, batch=2)


def foreign(folder: Path, *, bad: Mapping[int, bytes], count: int = 8) -> DataConfig:
    """Shards of another program: videos of 17 frames, some of which are something else."""
    frames = np.arange(17, dtype=np.uint8)[:, None, None, None]
    folder.mkdir()
    with tarfile.open(folder / "00000.tar", "w") as tar:
        for i in range(count):
            write_video(folder / "x.mp4", frames * 8 + np.full((17, 32, 32, 3), i, np.uint8), fps=9)
            data = bad.get(i, (folder / "x.mp4").read_bytes())
            member = tarfile.TarInfo(f"a{i}.mp4")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return config(str(folder), buckets=(ONE,), image_ratio=0.0, slots=2)


@pytest.fixture(params=["cut", "short", "small"])
def bad(request, tmp_path) -> bytes:
    """A video that a bucket of 17 frames of 24 x 24 cannot take."""
    shape = {"cut": (17, 32, 32), "short": (10, 32, 32), "small": (17, 16, 32)}[request.param]
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    write_video(tmp_path / "bad.mp4", noise, fps=9)
    data = (tmp_path / "bad.mp4").read_bytes()
    return data[: len(data) // 2] if request.param == "cut" else data


def test_a_run_goes_on_without_a_clip_that_it_cannot_use_and_says_so_once(bad, tmp_path, capsys):
    clips = TrainingClips(foreign(tmp_path / "data", bad={3: bad}), steps=9, seed=0)
    steps = list(clips.iterate(0, [0, 1]))
    keys = {key for step in steps for batch in step for key in batch.keys}
    assert keys == {f"a{i}" for i in range(8) if i != 3}  # four and a half epochs
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("left out, and other clips take its place: ") and "a3" in line


def test_what_takes_a_clip_s_place_depends_on_seed_and_place_alone(tmp_path):
    data = foreign(tmp_path / "data", bad={3: b"nothing"})
    plan = TrainingClips(data, steps=9, seed=0)
    whole = list(plan.iterate(0, [0, 1]))
    ahead = TrainingClips(replace(data, workers=2), steps=9, seed=0)
    assert all(same(a, b[0]) for (_, a), b in zip(whole, ahead.iterate(0, [1]), strict=True))
    later = list(TrainingClips(data, steps=9, seed=0).iterate(5, [0, 1]))
    assert all(
        same(a, b)
        for one, other in zip(whole[5:], later, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_more_than_a_few_unusable_clips_are_an_error(tmp_path):
    data = foreign(tmp_path / "data", bad={3: b"nothing", 5: b"nothing"})
    with pytest.raises(ConfigError, match=r"2 of 8 clips cannot be used, more than 1; the last: "):
        list(TrainingClips(data, steps=9, seed=0).iterate(0, [0, 1]))


def test_held_out_clips_are_the_first_frames_at_the_centre(shards):
    clips = held_out_clips(shards, frames=5, height=32, width=32)
    index = ShardIndex.open(shards)
    assert [clip.key for clip in clips] == [index.sample(i).key for i in range(len(index))]
    assert clips.classes == ("cats", "dogs")
    assert clips[0].frames.shape == (5, 32, 32, 3)
    assert (clips[0].source, clips[0].label) == ("cats/a.mp4", 0)
    if index.sample(0).extension == "npy":
        stored = np.frombuffer(index.read(0)[128:], np.uint8).reshape(17, 32, 43, 3)
        assert np.array_equal(clips[0].frames, stored[:5, :, 6:38])


def test_a_limit_is_spread_over_the_videos(dataset, tmp_path):
    pack(dataset, tmp_path / "out", short_side=32)
    chosen = {
        limit: [
            (clip.source[-5], int(clip.key))
            for clip in held_out_clips(tmp_path / "out", frames=1, height=8, width=8, limit=limit)
        ]
        for limit in (1, 2, 4, 5, 6, 100)
    }
    assert chosen[1] == [("a", 0)]
    assert chosen[2] == [("a", 0), ("c", 4)]
    assert chosen[4] == [("a", 0), ("b", 2), ("c", 4), ("d", 5)]
    assert chosen[5] == [("a", 0), ("a", 1), ("b", 2), ("c", 4), ("d", 5)]
    assert chosen[100] == chosen[6]
    assert len(chosen[6]) == 6


def test_pixels_and_bytes_are_inverses():
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16, 1).expand(2, 3, 16, 16, 3)
    x = to_pixels(values)
    assert x.shape == (2, 3, 3, 16, 16)
    assert (x.min(), x.max()) == (-1, 1)
    assert np.array_equal(to_uint8(x), values.numpy())
    assert torch.equal(to_pixels(values[0].numpy()), x[:1])


def test_pixels_out_of_range_are_clamped_and_others_rounded():
    x = torch.tensor([-3.0, -1.0, 0.0, 0.5 / 127.5 - 1 + 1e-4, 1.0, 2.0]).reshape(1, 1, 1, 1, 6)
    assert to_uint8(x).ravel().tolist() == [0, 0, 128, 1, 255, 255]


def test_a_crop_of_the_size_asked_for_keeps_its_pixels():
    clip = np.random.default_rng(0).integers(0, 255, (2, 20, 30, 3), dtype=np.uint8)
    assert np.array_equal(cropped(clip, height=20, width=20), clip[:, :, 5:25])
    assert np.array_equal(cropped(clip, height=20, width=20, left=1.0), clip[:, :, 10:])
    small = cropped(clip, height=10, width=10, scale=0.1, left=0.0, top=0.0)
    assert np.array_equal(small, clip[:, :10, :10])  # never enlarged
    with pytest.raises(
        ConfigError, match=r"it is 20 x 30, but 24 x 24 is needed; .* --short-side 24"
    ):
        cropped(clip, height=24, width=24, where="it")


def test_the_config_survives_yaml():
    data = config("somewhere")
    assert decode(DataConfig, encode(data)) == data


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"slots": 0}, "slots must be at least 1, got 0"),
        ({"flip": 2.0}, r"flip must be in \[0, 1\], got 2.0"),
        ({"min_scale": 0.0}, r"min_scale must be in \(0, 1\], got 0.0"),
        ({"image_ratio": 1.5}, r"image_ratio must be in \[0, 1\], got 1.5"),
    ],
)
def test_settings_without_sense_are_refused(option, message):
    with pytest.raises(ConfigError, match=message):
        config("somewhere", **option)
