"""What is opened, which frames come, and which damage is seen."""

import io
import socket
from pathlib import Path

import av
import numpy as np
import pytest

from pvvae.data.video.video import count_frames, probe, read_image, read_video
from pvvae.errors import ConfigError

DATA = Path("tests/data")
OPEN_GOPS = ":".join(
    ("open-gop=1", "keyint=8", "min-keyint=8", "bframes=3", "b-adapt=0", "scenecut=0")
)
"""Key frames 8 frames apart, with frames before each that refer to the frames before those."""


def greys(*, frames: int, codec: str = "libx264", format: str = "mp4", **options: str) -> bytes:
    """A video of even frames, each ten grey levels above the last."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream(codec, rate=10, options=options)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(frames):
            picture = np.full((64, 64, 3), 10 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def from_second_key_frame(data: bytes, *, format: str, earlier: int) -> bytes:
    """A trim by stream copy; ``earlier`` ticks before the key frame are shown too."""
    file = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(file, "w", format=format) as trimmed:
        stream = source.streams.video[0]
        copy = trimmed.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        second = [i for i, packet in enumerate(packets) if packet.is_keyframe][1]
        zero = packets[second].pts - earlier
        for packet in packets[second:]:
            packet.pts, packet.dts = packet.pts - zero, packet.dts - zero
            packet.stream = copy
            trimmed.mux(packet)
    return file.getvalue()


def test_frames_hidden_by_an_edit_list_are_no_promise():
    path = DATA / "edit_list.mp4"
    clip = read_video(path)
    assert np.abs(clip.mean(axis=(1, 2, 3)) - np.arange(60, 201, 10)).max() < 2
    assert probe(path).frames == count_frames(path) == len(clip) == 15
    assert probe(path.read_bytes()).frames == 15


@pytest.mark.parametrize(
    ("format", "earlier", "told"),
    [("mp4", 0, 16), ("mp4", 4096, None), ("matroska", 0, None)],
)
def test_frames_that_refer_to_what_was_cut_away_are_no_promise(format, earlier, told):
    whole = greys(frames=24, **{"x264-params": OPEN_GOPS})
    assert len(read_video(whole)) == 24
    trimmed = from_second_key_frame(whole, format=format, earlier=earlier)
    clip = read_video(trimmed)
    assert np.abs(clip.mean(axis=(1, 2, 3)) - np.arange(80, 231, 10)).max() < 2
    assert count_frames(trimmed) == 16
    assert probe(trimmed).frames == told


def test_a_cover_is_no_video(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.height, cover.width, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        container.mux(cover.encode(None))
    with pytest.raises(ConfigError, match=f"^{path}: has no video stream$"):
        read_video(path)


def test_a_title_in_any_encoding_is_no_obstacle():
    data = greys(frames=4).replace(b"Lavf", b"L\xe9vf")  # Latin-1, as old programs write titles
    assert b"\xe9" in data
    assert len(read_video(data)) == probe(data).frames == 4


def test_a_codec_that_is_not_known_is_one_line():
    data = greys(frames=4, codec="mpeg4", format="avi").replace(b"FMP4", b"none")
    with pytest.raises(ConfigError, match=r"^a: cannot be decoded \(its codec is not known\)$"):
        read_video(data, name="a")


@pytest.fixture
def neighbour(tmp_path: Path) -> Path:
    """A video that no other file's content may lead to."""
    path = tmp_path / "neighbour.mp4"
    path.write_bytes(greys(frames=4))
    return path


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile neighbour.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbour.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:neighbour.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_script_named_as_a_video_reads_no_other_file(content, as_bytes, neighbour, monkeypatch):
    monkeypatch.chdir(neighbour.parent)
    path = neighbour.with_name("x.mp4")
    path.write_text(content)
    source = path.read_bytes() if as_bytes else path
    for read in (read_video, probe, count_frames):
        with pytest.raises(ConfigError, match="cannot be decoded"):
            read(source)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_session_description_named_as_a_video_opens_no_socket(as_bytes, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "x.mp4"
    path.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )
    # Opened as what it says, it would wait for packets and this would not return.
    with pytest.raises(ConfigError, match="holds none of the formats"):
        read_video(path.read_bytes() if as_bytes else path)


@pytest.mark.parametrize("name", ["12:30.mp4", "concat:a.mp4", "-i.mp4", "a%03d.mp4", "a b|c.mp4"])
def test_a_name_is_a_name_and_no_protocol(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(greys(frames=4))
    assert len(read_video(name)) == 4
    assert probe(tmp_path / name).frames == 4


@pytest.mark.parametrize(("format", "codec"), [("flv", "flv1"), ("asf", "wmv2"), ("3gp", "mpeg4")])
def test_other_formats_that_people_have_are_opened(format, codec):
    assert len(read_video(greys(frames=4, codec=codec, format=format))) == 4


def test_a_frame_too_large_is_refused_by_its_size(tmp_path):
    data = bytearray(greys(frames=2, codec="ffv1", format="avi"))
    at = data.index(b"strf") + 12  # width and height of the stream's BITMAPINFOHEADER
    data[at : at + 8] = (8_000).to_bytes(4, "little") * 2
    with pytest.raises(ConfigError, match=r"^a: frames of 8000 x 8000 pixels are too large"):
        read_video(bytes(data), name="a")


def test_checksums_of_hevc_are_compared():
    data = greys(frames=8, codec="libx265", **{"x265-params": "hash=1:log-level=none"})
    assert len(read_video(data)) == 8
    right = read_video(data)
    refused = 0
    places = range(data.index(b"mdat") + 8, data.index(b"moov"), 7)
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1
        try:
            assert np.array_equal(read_video(bytes(flipped)), right)  # never other pixels
        except ConfigError:
            refused += 1
    assert refused > len(places) // 2


def test_postscript_named_as_a_picture_reaches_no_interpreter(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n")
    for source in (path, path.read_bytes()):
        with pytest.raises(ConfigError, match=r": not an image$"):
            read_image(source, name=str(path))
