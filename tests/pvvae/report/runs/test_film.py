import base64
import io

import numpy as np
import pytest
from PIL import Image

from pvvae.data.video.video import read_video
from pvvae.report.runs import film


def content(uri: str) -> bytes:
    return base64.b64decode(uri.split(",", 1)[1])


@pytest.mark.parametrize(
    ("side", "shown"), [(32, 192), (64, 192), (100, 100), (256, 256), (512, 256)]
)
def test_small_clips_are_enlarged_and_large_ones_thinned(side: int, shown: int) -> None:
    assert film.enlarged(np.zeros((2, side, side, 3), np.uint8)).shape == (2, shown, shown, 3)


def test_the_bar_changes_where_prediction_begins() -> None:
    clip = film.with_bar(np.zeros((4, 8, 8, 3), np.uint8), observed=3)
    assert clip.shape == (4, 8 + film.BAR, 8, 3)
    assert [tuple(frame[0, 0].tolist()) for frame in clip] == [film.OBSERVED] * 3 + [film.PREDICTED]


def test_clips_stand_beside_each_other_with_a_gap() -> None:
    row = film.beside([np.zeros((2, 8, 8, 3), np.uint8)] * 3)
    assert row.shape == (2, 8, 3 * 8 + 2 * film.GAP, 3)


def test_a_video_in_the_page_decodes_to_its_frames() -> None:
    frames = np.full((5, 16, 16, 3), 90, np.uint8)
    found = read_video(content(film.video_uri(frames)))
    assert found.shape == frames.shape
    assert np.abs(found.astype(int) - 90).max() <= 3


def test_a_still_keeps_every_pixel() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    picture = Image.open(io.BytesIO(content(film.picture_uri(frame))))
    np.testing.assert_array_equal(np.asarray(picture), frame)


@pytest.mark.parametrize(
    ("frames", "observed", "chosen"),
    [(17, 9, [0, 8, 9, 11, 14, 16]), (5, 1, [0, 1, 2, 3, 4]), (17, 16, [0, 15, 16])],
)
def test_a_strip_shows_the_boundary_and_the_end(
    frames: int, observed: int, chosen: list[int]
) -> None:
    assert film.strip_frames(frames, observed=observed) == chosen


def test_psnr_of_shown_clips_is_that_of_their_bytes() -> None:
    black = np.zeros((2, 4, 4, 3), np.uint8)
    assert film.clip_psnr(black, black) == 100.0
    assert film.clip_psnr(black, black + 255) == 0.0
