from pathlib import Path

import numpy as np
import pytest

from pvvae.data.packing.clip_files import clip_length, find_clip_files, is_lossless, iterate_clip
from pvvae.data.packing.sources import Source, frame_files
from pvvae.data.video.video import read_video
from pvvae.errors import ConfigError


def test_each_kind_has_its_frames_and_its_length(tmp_path: Path, make_video, image: Path) -> None:
    path = make_video(tmp_path / "videos" / "a.mkv", frames=7)
    clip = read_video(path)
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "a.npy", clip)
    frames = tmp_path / "frames" / "a"
    frames.mkdir(parents=True)
    for i in range(7):
        (frames / f"{i}.png").write_bytes(image.read_bytes())
    (frames / ".DS_Store.png").write_bytes(b"")
    for name, lossless in (("videos", False), ("arrays", True), ("frames", True)):
        _, (source,) = find_clip_files(tmp_path / name)
        assert clip_length(source) == 7
        assert is_lossless(source) == lossless
        part = np.stack(list(iterate_clip(source, start=1, stride=3)))
        assert part.shape == (2, 48, 64, 3)
        if name != "frames":
            assert np.array_equal(part, clip[1::3])


def test_frames_come_by_number_whether_or_not_it_is_padded(image: Path) -> None:
    image.rename(image.with_name("f9.png"))
    for name in ("f10.png", "f8.png"):
        (image.parent / name).write_bytes(image.with_name("f9.png").read_bytes())
    _, (source,) = find_clip_files(image.parent)
    assert [path.name for path in frame_files(source)] == ["f8.png", "f9.png", "f10.png"]


def test_a_folder_of_images_is_itself_a_clip(image: Path) -> None:
    _, (source,) = find_clip_files(image.parent)
    assert (source.path, source.name, source.label) == (image.parent, image.parent.name, None)


@pytest.mark.parametrize(
    ("array", "right"),
    [
        (np.zeros((2, 4, 4, 3), np.float32), r"got float32 \(2, 4, 4, 3\)$"),
        (np.full((1, 2, 2, 3), np.nan), r"got float64 \(1, 2, 2, 3\) with 12 NaN$"),
        (np.zeros((4, 4, 3), np.uint8), r"got uint8 \(4, 4, 3\)$"),
        (np.zeros((0, 4, 4, 3), np.uint8), r"got uint8 \(0, 4, 4, 3\)$"),
        (np.array([{}]), "not an array"),
    ],
)
def test_an_array_that_is_no_clip(array: np.ndarray, right: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ConfigError, match=right):
        clip_length(Source(path=tmp_path / "a.npy", name="a.npy"))


def test_folders_without_clips_or_with_clips_of_two_kinds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        find_clip_files(tmp_path / "gone")
    with pytest.raises(ConfigError, match="no clips in it"):
        find_clip_files(tmp_path)
    for name in ("a.mp4", "b.mp4", "c.npy"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ConfigError, match=r"holds 1 \.npy clips and 2 videos; keep one kind"):
        find_clip_files(tmp_path)


def test_what_lies_beside_clips_is_said_and_hidden_files_end_no_classes(dataset, capsys):
    for name in ("._a.mp4", "cats/._a.mp4", "cats/a.gif", ".DS_Store"):
        (dataset / name).write_bytes(b"x")
    kind, sources = find_clip_files(dataset)
    assert (kind, [source.label for source in sources]) == ("videos", ["cats"] * 2 + ["dogs"] * 2)
    assert capsys.readouterr().err == f"{dataset}: passed over 4: 3 hidden, 1 .gif\n"
