"""Display matrices and sample aspect ratios, in files as cameras write them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pvvae.data.video.display import MAX_PIXELS, DisplayError, check_size, square, upright
from pvvae.data.video.video import iterate_video, read_image, read_video
from pvvae.errors import ConfigError
from tests.corners import CORNERS, corners_of, four_corners

DATA = Path("tests/data")
ONE = 1 << 16
"""1 in the 16.16 fixed point of a display matrix."""

SHOWN = {
    (1, 0, 0, 1): "1234",
    (-1, 0, 0, 1): "2143",  # mirrored left to right
    (1, 0, 0, -1): "3412",  # mirrored top to bottom
    (-1, 0, 0, -1): "4321",  # half a turn
    (0, 1, 1, 0): "1324",  # transposed
    (0, 1, -1, 0): "3142",  # a quarter turn clockwise
    (0, -1, 1, 0): "2413",  # a quarter turn counterclockwise
    (0, -1, -1, 0): "4231",  # transposed along the other diagonal
}
"""(a, b, c, d) of the matrix, and which stored corner is seen top left, top right, bottom left,
bottom right: a stored point (p, q) is shown at (a p + c q, b p + d q)."""


@pytest.mark.parametrize("matrix", SHOWN)
def test_every_mirror_with_every_turn_is_applied(matrix, tmp_path):
    a, b, c, d = (ONE * part for part in matrix)
    path = tmp_path / "a.mp4"
    write(path, four_corners(32, 48), matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30))
    (frame,) = read_video(path)
    assert frame.shape == ((32, 48, 3) if a else (48, 32, 3))
    assert corners_of(frame) == [CORNERS[int(corner) - 1] for corner in SHOWN[matrix]]


def test_a_mirror_of_a_real_file_is_applied():
    assert corners_of(read_video(DATA / "plain.mp4")[0]) == [220, 130, 80, 30]
    assert corners_of(read_video(DATA / "mirrored.mp4")[0]) == [130, 220, 30, 80]


def test_an_empty_matrix_turns_nothing():
    pixels = four_corners(32, 48)
    assert np.array_equal(upright(pixels, (0,) * 9), pixels)
    assert np.array_equal(upright(pixels, None), pixels)


def test_another_angle_is_refused_in_one_line(tmp_path):
    path = tmp_path / "a.mp4"
    slanted = (56756, 32768, 0, -32768, 56756, 0, 0, 0, 1 << 30)  # 30 degrees
    write(path, four_corners(32, 48), matrix=slanted)
    with pytest.raises(ConfigError, match=rf"^{path}: is shown turned by no multiple of 90 deg"):
        read_video(path)


@pytest.mark.parametrize(
    ("aspect", "size"), [("4/3", (32, 64)), ("3/4", (43, 48)), ("1280/1279", (32, 48))]
)
def test_pixels_that_are_not_square_become_square(aspect, size, tmp_path):
    path = tmp_path / "a.mp4"
    write(path, four_corners(32, 48), aspect=Fraction(aspect))
    (frame,) = read_video(path)
    assert frame.shape == (*size, 3)
    assert corners_of(frame) == list(CORNERS)
    assert next(iterate_video(path, squared=False)).shape == (32, 48, 3)


def test_pixels_are_squared_before_they_are_turned(tmp_path):
    path = tmp_path / "a.mp4"
    turned = (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30)
    write(path, four_corners(32, 48), aspect=Fraction(4, 3), matrix=turned)
    assert read_video(path).shape == (1, 64, 32, 3)


def test_a_shape_of_pixels_that_would_take_gigabytes_is_refused():
    with pytest.raises(DisplayError, match="too large"):
        square(np.zeros((32, 48, 3), np.uint8), Fraction(1_000_000))
    check_size(width=7680, height=4320)
    with pytest.raises(DisplayError, match=f"1 x {MAX_PIXELS + 1} pixels are too large"):
        check_size(width=MAX_PIXELS + 1, height=1)


EXIF = {1: "1234", 2: "2143", 3: "4321", 4: "3412", 5: "1324", 6: "3142", 7: "4231", 8: "2413"}
"""By the orientation, which stored corner is seen where (EXIF 2.32, tag 0x0112)."""


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", EXIF)
def test_every_orientation_of_an_image_is_applied(orientation, suffix, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(four_corners(32, 48)).save(path, exif=exif, quality=100)
    frame = read_image(path)
    assert frame.shape == ((32, 48, 3) if orientation < 5 else (48, 32, 3))
    assert corners_of(frame) == [CORNERS[int(corner) - 1] for corner in EXIF[orientation]]


def write(
    path: Path,
    frame: np.ndarray,
    *,
    matrix: tuple[int, ...] | None = None,
    aspect: Fraction | None = None,
) -> None:
    """One frame, stored as it is, with a matrix and a shape of pixels beside it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.height, stream.width, stream.pix_fmt = *frame.shape[:2], "yuv420p"
        stream.set_display_matrix(matrix)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
