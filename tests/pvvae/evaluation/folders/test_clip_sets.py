from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pvvae.data.video.video import write_video
from pvvae.errors import ConfigError
from pvvae.evaluation.folders.clip_sets import ClipSets, open_sets
from pvvae.evaluation.folders.question import Question
from tests.toy_clips import moving_pattern


def fill(folder: Path, names: str, *, shape: tuple[int, int, int] = (9, 16, 16)) -> Path:
    """One clip of zeros for each letter."""
    folder.mkdir(exist_ok=True)
    for name in names:
        np.save(folder / f"{name}.npy", np.zeros((*shape, 3), np.uint8))
    return folder


def ask(folder: Path, *metrics: str, **more: Any) -> ClipSets:
    return open_sets(Question(real=folder / "A", generated=folder / "B", metrics=metrics, **more))


def test_clips_of_one_name_are_pairs_whatever_their_format(tmp_path: Path) -> None:
    fill(tmp_path / "A", "ab")
    for name in "ba":
        (tmp_path / "B").mkdir(exist_ok=True)
        write_video(tmp_path / "B" / f"{name}.mp4", moving_pattern(0, frames=9, size=16), fps=8)
    sets = ask(tmp_path, "psnr", "fvd")
    question = Question(real=tmp_path / "A", generated=tmp_path / "B", metrics=("psnr",))
    assert [(a and a.name, b and b.name) for a, b in sets.tasks(question)] == [
        ("a.npy", "a.mp4"),
        ("b.npy", "b.mp4"),
    ]
    assert sets.shape == (9, 16, 16)
    assert (sets.real.lossless, sets.generated.lossless) == (True, False)


def test_sets_need_no_pairs_and_no_equal_numbers(tmp_path: Path) -> None:
    fill(tmp_path / "A", "abc")
    fill(tmp_path / "B", "xy")
    question = Question(real=tmp_path / "A", generated=tmp_path / "B", metrics=("kvd",))
    tasks = open_sets(question).tasks(question)
    assert [(a and a.name, b and b.name) for a, b in tasks] == [
        ("a.npy", None),
        ("b.npy", None),
        ("c.npy", None),
        (None, "x.npy"),
        (None, "y.npy"),
    ]


def test_a_draw_keeps_pairs_together(tmp_path: Path) -> None:
    for side in "AB":
        fill(tmp_path / side, "abcdefgh")
    drawn = [ask(tmp_path, "psnr", num=3, seed=seed) for seed in range(3)]
    assert all(list(s.real.clips) == list(s.generated.clips) for s in drawn)
    assert len({tuple(s.real.clips) for s in drawn}) > 1


@pytest.mark.parametrize(
    ("a", "b", "metrics", "more", "right"),
    [
        ("ab", "ac", ("psnr",), {}, r"1 of 2 clips have no partner in .*/A; the first: c\. "),
        ("abc", "ab", ("rfvd",), {}, r"/A: 1 of 3 clips have no partner in .*/B; the first: c\. "),
        ("ab", "a", ("fvd",), {}, r"/B: a set needs 2 clips at least, has 1$"),
        ("ab", "ab", ("fvd",), {"frames": 8}, r"I3D needs 9 frames at least, got 8$"),
        ("ab", "ab", ("psnr",), {"frames": 10}, r"/a\.npy: has 9 frames, 10 are needed$"),
        ("ab", "ab", ("psnr",), {"num": 3}, r"has 2 clips, --num asks for 3$"),
        ("ab", "ab", ("psnr",), {"observed": 9}, r"9 of 9 frames leave none that was predicted$"),
        ("ab", "ab", ("fvd",), {"observed": 5}, r"--observed: splits psnr, ssim, lpips"),
        ("ab", "ab", ("psnr", "fid"), {}, r"--metrics: no 'fid'; known are fvd, kvd, is, rfvd"),
        ("ab", "", ("psnr",), {}, r"/B: no clips in it"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is(
    a: str, b: str, metrics: tuple[str, ...], more: dict[str, Any], right: str, tmp_path: Path
) -> None:
    fill(tmp_path / "A", a)
    fill(tmp_path / "B", b)
    with pytest.raises(ConfigError, match=right):
        ask(tmp_path, *metrics, **more)


def test_shapes_that_must_be_equal(tmp_path: Path) -> None:
    fill(tmp_path / "A", "ab")
    fill(tmp_path / "B", "a")
    fill(tmp_path / "B", "b", shape=(9, 16, 24))
    for metric in ("psnr", "fvd"):
        with pytest.raises(ConfigError, match=r"9x16x16 and .*/b.npy 9x16x24 .* --size HxW"):
            ask(tmp_path, metric)
    assert ask(tmp_path, "fvd", size=(16, 16)).shape == (9, 16, 16)
    fill(tmp_path / "B", "b", shape=(12, 16, 16))
    with pytest.raises(ConfigError, match=r"12x16x16 .* --frames N takes the first of each"):
        ask(tmp_path, "fvd")
    assert ask(tmp_path, "fvd", frames=9).shape == (9, 16, 16)


def test_pairs_may_differ_from_other_pairs(tmp_path: Path) -> None:
    for side in "AB":
        fill(tmp_path / side, "a")
        fill(tmp_path / side, "b", shape=(5, 20, 24))
    assert ask(tmp_path, "psnr").shape is None
    with pytest.raises(ConfigError, match="FVD, KVD and IS must be of one shape"):
        ask(tmp_path, "psnr", "kvd")


def test_two_files_of_one_name_in_a_set(tmp_path: Path) -> None:
    fill(tmp_path / "B", "ab")
    (tmp_path / "A").mkdir()
    for suffix in ("mp4", "avi"):
        (tmp_path / "A" / f"a.{suffix}").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"/A: a\.avi and a\.mp4 have the same name$"):
        ask(tmp_path, "psnr")
