import io
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from pvvae.data.video.video import (
    count_frames,
    iterate_video,
    probe,
    read_image,
    read_video,
    write_video,
)
from pvvae.errors import ConfigError

FORMATS = {
    "a.mp4": "libx264",
    "a.mkv": "libx264",
    "a.webm": "libvpx-vp9",
    "a.avi": "mpeg4",
    "a.mpg": "mpeg2video",
}
SAY_THEIR_LENGTH = ("a.mp4", "a.mkv", "a.webm", "a.avi")


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_of_every_format_is_read(tmp_path, make_video, name):
    path = make_video(tmp_path / name, codec=FORMATS[name])
    assert count_frames(path) == 40
    assert read_video(path).shape == (40, 48, 64, 3)
    assert np.array_equal(read_video(path.read_bytes()), read_video(path))


def test_a_container_is_believed_about_its_frames_only_where_it_counts_them(tmp_path, make_video):
    counts = [probe(make_video(tmp_path / n, codec=FORMATS[n])).frames for n in FORMATS]
    assert counts == [40, None, None, None, None]


def test_a_part_of_a_video_is_that_part_of_the_whole(tmp_path, make_video):
    path = make_video(tmp_path / "a.mp4")
    part = read_video(path, start=5, frames=4, stride=3)
    assert np.array_equal(part, read_video(path)[5:17:3])
    assert np.array_equal(np.stack(list(iterate_video(path, start=5, stride=3)))[:4], part)


@pytest.mark.parametrize("name", SAY_THEIR_LENGTH)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file_is_broken_not_short(tmp_path, make_video, name, kept):
    path = make_video(tmp_path / name, codec=FORMATS[name])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ConfigError, match=rf"^{path}: truncated, \d+ bytes are missing$"):
        read_video(path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, make_video, name):
    path = make_video(tmp_path / name, codec=FORMATS[name])
    data = bytearray(path.read_bytes())
    at = len(data) * 2 // 5  # within the coded frames of all of them
    noise = np.random.default_rng(0).integers(0, 255, 400, dtype=np.uint8)
    data[at : at + 400] = noise.tobytes()
    path.write_bytes(bytes(data))
    with pytest.raises(ConfigError, match=rf"^{path}: [^\n]+$"):
        read_video(path)


@pytest.mark.parametrize("content", [b"", b"no video", bytes(100)])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be decoded"):
        read_video(path)
    with pytest.raises(ConfigError, match="no such file"):
        read_video(tmp_path / "other.mp4")


def test_frames_beyond_the_end_are_an_error(tmp_path, make_video):
    path = make_video(tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match=r"17 frames from frame 30 at stride 1 .* it has 10"):
        read_video(path, start=30, frames=17)


@pytest.mark.parametrize(("height", "width"), [(32, 48), (33, 47)])
def test_a_written_video_has_the_frames_and_the_size_given(tmp_path, height, width):
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    frames = [np.tile(np.roll(ramp, i)[None, :, None], (height, 1, 3)) for i in range(9)]
    path = tmp_path / "new" / "out.mp4"
    write_video(path, iter(frames), fps=30000 / 1001)
    info = probe(path)
    assert (info.frames, info.height, info.width) == (9, height, width)
    assert info.fps == pytest.approx(30000 / 1001, rel=1e-6)
    error = read_video(path).astype(int) - np.stack(frames)
    assert np.abs(error).mean() < 6
    assert [p.name for p in path.parent.iterdir()] == ["out.mp4"]


def test_tensors_can_be_written(tmp_path):
    write_video(tmp_path / "a.mp4", torch.zeros(3, 16, 16, 3, dtype=torch.uint8), fps=8)
    assert count_frames(tmp_path / "a.mp4") == 3


def test_a_video_of_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one frame"):
        write_video(tmp_path / "a.mp4", [], fps=8)


def test_an_image_is_read_upright_and_in_colour(tmp_path, image: Path):
    assert np.array_equal(read_image(image), np.asarray(Image.open(image)))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned by 90 degrees
    Image.open(image).convert("L").save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (64, 48, 3)


def test_a_broken_image_is_refused_in_one_line(tmp_path, image: Path):
    half = tmp_path / "half.png"
    half.write_bytes(image.read_bytes()[:2000])
    for path in (half, Path(__file__), tmp_path / "none.png"):
        with pytest.raises(ConfigError, match=rf"^{path}: [^\n]+$"):
            read_image(path)


@pytest.mark.parametrize(
    ("form", "part", "damaged"),
    [
        ("GIF", b";", b","),  # another picture in the place of the end
        ("AVIF", b"pitm", b"free"),
        ("AVIF", b"av1C", b"free"),
    ],
)
def test_damage_that_pillow_meets_by_errors_of_other_kinds_is_one_line(form, part, damaged):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    data = damaged.join(file.getvalue().rsplit(part, 1))
    with pytest.raises(ConfigError, match=r"^it\.gif: [^\n]+$"):
        read_image(data, name="it.gif")


@pytest.mark.parametrize("size", ["even", "odd"])
def test_colours_of_4_2_0_are_those_of_the_formula(tmp_path, size):
    """BT.601, limited range, of even frames, whose chroma no subsampling changes."""
    colours = np.array(
        [(16, 128, 128), (235, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110)]
    )
    height, width = (48, 64) if size == "even" else (47, 63)
    for y, u, v in colours:
        luma, blue, red = (y - 16) * 255 / 219, (u - 128) * 255 / 224, (v - 128) * 255 / 224
        right = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
        path = tmp_path / f"{y}.mkv"
        _write_planes(path, height, width, (y, u, v))
        error = read_video(path)[0].astype(float) - np.clip(right, 0, 255)
        assert np.abs(error).max() <= 1, (y, u, v)


def _write_planes(path: Path, height: int, width: int, levels: tuple[int, int, int]) -> None:
    """One frame of one colour, without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=1)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, level in zip(frame.planes, levels, strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_an_image_below_pillows_limit_but_too_large_is_refused_by_its_size(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (12_000, 12_000)).save(path)  # 18 KB that would take 400 MB
    with pytest.raises(ConfigError, match=f"^{path}: 12000 x 12000 pixels are too many"):
        read_image(path)
