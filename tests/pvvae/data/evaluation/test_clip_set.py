import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pvvae import distributed
from pvvae.data.evaluation import clip_set
from pvvae.data.evaluation.clip_set import EvaluationClips, evaluation_clips, write_manifest
from pvvae.data.held_out import held_out_clips
from pvvae.data.packing.pack import pack
from pvvae.data.shards.index import ShardIndex, read_clip
from pvvae.errors import ConfigError

SHAPE = {"frames": 3, "height": 16, "width": 16}


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    """Ten clips of 20 x 24 whose frames tell their number; two cannot be used."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    for i in range(10):
        clip = np.full((9, 20, 24, 3), i, np.uint8)
        clip[..., 1] = np.arange(9)[:, None, None]
        np.save(folder / f"{i}.npy", clip)
    np.save(folder / "4.npy", np.zeros((2, 20, 24, 3), np.uint8))
    (folder / "7.npy").write_bytes(b"no array")
    return folder


def keys(clips: EvaluationClips) -> list[str]:
    return [clip.key for clip in clips]


def test_a_draw_takes_the_next_for_each_that_cannot_be_used(arrays: Path) -> None:
    every = evaluation_clips(str(arrays), **SHAPE, num=10, seed=0)
    assert len(every) == 8
    assert {reject.source for reject in every.skipped} == {"4.npy", "7.npy"}
    assert "has 2 frames; 3 at stride 1" in {r.source: r.reason for r in every.skipped}["4.npy"]
    for num in range(1, 9):
        some = evaluation_clips(str(arrays), **SHAPE, num=num, seed=0)
        assert keys(some) == keys(every)[:num]


def test_the_order_is_the_seeds_and_other_files_do_not_change_it(arrays: Path) -> None:
    drawn = [keys(evaluation_clips(str(arrays), **SHAPE, num=8, seed=seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert (
        sorted(drawn[0])
        == sorted(drawn[2])
        == keys(evaluation_clips(str(arrays), **SHAPE, num=None, seed=0))
    )
    (arrays / drawn[0][3]).unlink()
    del drawn[0][3]
    assert keys(evaluation_clips(str(arrays), **SHAPE, num=8, seed=0)) == drawn[0]


def test_frames_are_the_first_or_strided_from_a_start_of_the_clips_own(arrays: Path) -> None:
    first = evaluation_clips(str(arrays), **SHAPE, num=None, seed=0)
    assert all(clip.frames[:, 0, 0, 1].tolist() == [0, 1, 2] for clip in first)
    question = SHAPE | {"num": 8, "seed": 5, "frame_stride": 2, "random_start": True}
    begun = evaluation_clips(str(arrays), **question)
    starts = [int(clip.frames[0, 0, 0, 1]) for clip in begun]
    for start, clip in zip(starts, begun, strict=True):
        assert clip.frames[:, 0, 0, 1].tolist() == [start, start + 2, start + 4]
    assert len(set(starts)) > 1
    assert [int(clip.frames[0, 0, 0, 1]) for clip in evaluation_clips(str(arrays), **question)] == (
        starts
    )


def test_a_frame_covers_the_crop_and_its_centre_is_taken(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    np.save(tmp_path / "a.npy", frame[None])
    (clip,) = evaluation_clips(str(tmp_path), frames=1, height=16, width=16, num=1, seed=0)
    small = Image.fromarray(frame).resize((24, 16), Image.Resampling.BICUBIC)
    assert np.array_equal(clip.frames[0], np.asarray(small)[:, 4:20])
    (large,) = evaluation_clips(str(tmp_path), frames=1, height=64, width=80, num=1, seed=0)
    assert large.frames.shape == (1, 64, 80, 3)  # enlarged, and the manifest says from what


def test_the_manifest_proves_the_pixels_and_answers_the_same_question(
    arrays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "eval_manifest.json"
    question = SHAPE | {"num": 5, "seed": 0, "manifest": path}
    clips = evaluation_clips(str(arrays), **question)
    written = path.read_bytes()
    plain = json.loads(written)
    assert plain["num_used"] == 5 and plain["draw"]["num"] == 5
    for row, clip in zip(plain["clips"], clips, strict=True):
        assert row["sha256"] == hashlib.sha256(clip.frames.tobytes()).hexdigest()
        assert row["source_size"] == "20x24"
    monkeypatch.setattr(clip_set, "_survey", None)  # nobody looks again
    again = evaluation_clips(str(arrays), **question)
    assert again.protocol() == clips.protocol()
    write_manifest(path, again)
    assert path.read_bytes() == written
    np.save(arrays / keys(clips)[0], np.zeros((9, 20, 24, 3), np.uint8))
    with pytest.raises(ConfigError, match="has changed since it was first read"):
        again[0]


def test_a_manifest_holds_for_another_copy_and_for_no_other_draw(
    arrays: Path, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.json"
    clips = evaluation_clips(str(arrays), **SHAPE, num=3, seed=0, manifest=path)
    copy = arrays.rename(tmp_path / "copy")
    assert evaluation_clips(str(copy), **SHAPE, num=3, seed=0, manifest=path).chosen == clips.chosen
    with pytest.raises(
        ConfigError, match=r"theirs.json: is of another draw \(num: 3 != 4; seed: 0"
    ):
        evaluation_clips(str(copy), **SHAPE, num=4, seed=1, manifest=path)
    (copy / clips.chosen[0].id).rename(tmp_path / "elsewhere.npy")
    with pytest.raises(ConfigError, match="which is not among the clips"):
        evaluation_clips(str(copy), **SHAPE, num=3, seed=0, manifest=path)
    path.write_text("[]")
    with pytest.raises(ConfigError, match="must hold a mapping"):
        evaluation_clips(str(copy), **SHAPE, num=3, seed=0, manifest=path)


def test_videos_by_class_and_folders_of_frames(dataset: Path, tmp_path: Path) -> None:
    videos = evaluation_clips(str(dataset), frames=17, height=32, width=32, num=None, seed=0)
    assert videos.classes == ("cats", "dogs")
    assert [(clip.key, clip.label) for clip in videos] == [
        ("cats/a.mp4", 0),
        ("cats/b.mp4", 0),
        ("dogs/c.mp4", 1),
        ("dogs/d.mp4", 1),
    ]
    for clip in videos:
        folder = tmp_path / "frames" / Path(clip.key).stem
        folder.mkdir(parents=True)
        for i, frame in enumerate(clip.frames):
            Image.fromarray(frame).save(folder / f"{i:03d}.png")
    frames = evaluation_clips(
        str(tmp_path / "frames"), frames=17, height=32, width=32, num=None, seed=0
    )
    assert keys(frames) == ["a", "b", "c", "d"]
    assert frames.classes == ()
    assert frames.protocol()["sha256"] == videos.protocol()["sha256"]


def test_shards_give_every_video_once_before_any_twice(shards: Path) -> None:
    where = shards / "train"
    held = {clip.key: clip.frames for clip in held_out_clips(where, frames=17, height=32, width=40)}
    clips = evaluation_clips(str(where), frames=17, height=32, width=40, num=8, seed=3)
    assert [len({clip.source for clip in part}) for part in (list(clips)[:4], list(clips)[4:])] == [
        4,
        4,
    ]
    assert sorted(clip.frames.tobytes() for clip in clips) == sorted(
        frames.tobytes() for frames in held.values()
    )
    with pytest.raises(ConfigError, match=r"none of 8 clips can be used.*pack again with --short"):
        evaluation_clips(str(where), frames=17, height=64, width=64, num=2, seed=0)


def test_processes_share_the_reading_and_agree(
    arrays: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes, one after the other: what the first would have sent is kept for the second."""
    whole = evaluation_clips(str(arrays), **SHAPE, num=8, seed=0).plain()
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    sent: dict[int, list[list[object]]] = {}
    for known in range(4):  # every exchange of one needs what the other has sent before
        for rank in (0, 1):
            mine: list[list[object]] = []

            def exchange(
                value: list[object], rank: int = rank, mine: list[list[object]] = mine
            ) -> list[object]:
                mine.append(value)
                others = sent.get(1 - rank, [])
                if len(others) < len(mine):
                    raise InterruptedError
                other = others[len(mine) - 1]
                return [value, other] if rank == 0 else [other, value]

            monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
            monkeypatch.setattr(distributed, "gather_objects", exchange)
            try:
                found = evaluation_clips(str(arrays), **SHAPE, num=8, seed=0).plain()
            except InterruptedError:
                found = {}
            sent[rank] = mine
            if known == 3:
                assert found == whole


@pytest.mark.parametrize(
    ("height", "width", "resize"),
    [
        (32, 32, "centre crop of shards"),
        (32, 43, "centre crop of shards"),
        (16, 43, "centre crop of shards"),
        (16, 16, "largest centre crop of shards, then to size by Pillow's bicubic"),
    ],
)
def test_the_protocol_says_when_shards_are_made_smaller(
    dataset: Path, tmp_path: Path, height: int, width: int, resize: str
) -> None:
    pack(dataset, tmp_path / "out", short_side=32, shards=2)
    clips = evaluation_clips(
        str(tmp_path / "out"), frames=1, height=height, width=width, num=None, seed=0
    )
    frame = read_clip(ShardIndex.open(tmp_path / "out"), 0, frames=1)[0]
    assert clips.protocol()["resize"].startswith(resize)
    rows, columns = frame.shape[:2]
    ratio = min(rows / height, columns / width)
    x, y = (columns - width * ratio) / 2, (rows - height * ratio) / 2
    box = (x, y, x + width * ratio, y + height * ratio)
    if ratio == 1:  # a crop begins at a whole pixel
        box = tuple(map(round, box))
    expected = Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC, box=box)
    assert np.abs(clips[0].frames[0].astype(int) - np.asarray(expected)).max() <= 1
