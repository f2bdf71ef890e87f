"""What pictures show, told by numpy and by the formats' definitions."""

import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pvvae.data.packing.clip_files import find_clip_files, read_clip_file
from pvvae.data.video.video import read_image
from pvvae.errors import ConfigError

GREY, GREY_ALPHA, COLOUR, COLOUR_ALPHA = 0, 4, 2, 6
"""PNG's kinds of pixels."""


def png16(values: np.ndarray, kind: int) -> bytes:
    """A PNG of 16 bits a channel, of values (H, W, C), written by hand: no library here can."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def saved(image: Image.Image, kind: str, **words: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **words)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "channels", "colours"),
    [(GREY, 1, 1), (GREY_ALPHA, 2, 1), (COLOUR, 3, 3), (COLOUR_ALPHA, 4, 3)],
)
def test_a_level_of_16_bits_is_its_257th_part(kind, channels, colours):
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, channels))
    values[0, :5] = np.array([0, 128, 129, 65535, 32768])[:, None]  # 128 / 257 is below a half
    found = read_image(png16(values, kind))
    expected = np.rint(values[..., :colours] / 257).astype(np.uint8)
    assert np.array_equal(found, np.broadcast_to(expected, (5, 7, 3)))
    assert found[0, :5, 0].tolist() == [0, 0, 1, 255, 128]


def test_psnr_of_16_bit_frames_is_that_of_their_levels(tmp_path):
    rng = np.random.default_rng(1)
    real = rng.integers(0, 65536, (4, 16, 16, 1))
    close = np.clip(real + rng.integers(-9000, 9000, real.shape), 0, 65535)
    clips = []
    for name, frames in (("a", real), ("b", close)):
        for i, frame in enumerate(frames):
            path = tmp_path / name / "clip" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png16(frame, GREY))
        _, (source,) = find_clip_files(tmp_path / name)
        clips.append(read_clip_file(source, frames=None, size=None).astype(float))
    exact = 10 * math.log10(255**2 / np.mean((real / 257 - close / 257) ** 2))
    found = 10 * math.log10(255**2 / np.mean((clips[0] - clips[1]) ** 2))
    assert abs(found - exact) < 0.1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_no_image(kind):
    frames = [Image.new("RGB", (8, 8), (40 * i, 0, 0)) for i in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(ConfigError, match=r"^clip: is an animation of 3 frames, not an image"):
        read_image(data, name="clip")


def test_the_first_picture_of_a_phone_is_its_image():
    first, second = Image.new("RGB", (16, 16), (200, 0, 0)), Image.new("RGB", (8, 8))
    data = saved(first, "MPO", save_all=True, append_images=[second])
    assert np.abs(read_image(data).astype(int) - [200, 0, 0]).max() <= 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("transparency", [None, 1, bytes([0, 128, 255])])
def test_a_palette_shows_its_colours_whatever_is_transparent(transparency):
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 100, 0, 0, 0, 250])
    image.putdata([0, 1, 2])
    words = {} if transparency is None else {"transparency": transparency}
    found = read_image(saved(image, "PNG", **words))
    assert found.tolist() == [[[10, 20, 30], [200, 100, 0], [0, 0, 250]]]


@pytest.mark.parametrize(
    ("mode", "pixel", "shown"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 0), (77, 77, 77)),
        ("RGBA", (9, 8, 7, 0), (9, 8, 7)),
    ],
)
def test_grey_and_transparent_pixels_keep_their_colour(mode, pixel, shown):
    assert read_image(saved(Image.new(mode, (2, 2), pixel), "PNG"))[0, 0].tolist() == list(shown)


def test_ink_becomes_light():
    # Cyan, magenta, yellow, black: each takes its part of the light that black leaves.
    ink = (0, 255, 255, 0), (0, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 0), (0, 102, 0, 51)
    light = (255, 0, 0), (0, 0, 0), (0, 255, 255), (255, 255, 255), (204, 122, 204)
    for pixel, expected in zip(ink, light, strict=True):
        data = saved(Image.new("CMYK", (16, 16), pixel), "JPEG", quality=100, subsampling=0)
        assert np.abs(read_image(data)[8, 8].astype(int) - expected).max() <= 2


@pytest.mark.parametrize("mode", ["F", "I", "I;16"])
def test_numbers_that_are_no_levels_are_refused(mode, tmp_path: Path):
    path = tmp_path / "depth.png"
    path.write_bytes(saved(Image.new(mode, (4, 4)), "TIFF"))
    with pytest.raises(ConfigError, match=rf"^{path}: [^\n]*(not read|not an image)"):
        read_image(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_cut_file_of_16_bits_is_refused(kept):
    data = png16(np.random.default_rng(2).integers(0, 65536, (16, 16, 3)), COLOUR)
    with pytest.raises(ConfigError, match=r"^x: [^\n]+$"):
        read_image(data[: int(kept * len(data))], name="x")


def test_exif_turns_16_bits_too():
    values = np.arange(6).reshape(2, 3, 1) * 10000
    data = png16(values, GREY)
    exif = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    turned = read_image(data[:33] + chunk + data[33:])
    upright = read_image(data)
    assert np.array_equal(turned, np.rot90(upright, -1))
