"""Figure 3 shows pixels as they are."""

import numpy as np

from pvvae.report.tables.comparison_figure import GAP, LINE, SIDE, Band, draw_figure


def noise(seed: int, size: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (size, size, 3), np.uint8)


def test_a_square_is_enlarged_pixel_by_pixel_below_the_whole_frames():
    pictures = (noise(0), noise(1))
    band = Band(caption="clip 0, frame 9 of 17", pictures=pictures, crops=((8, 16, 32),))
    image = np.asarray(draw_figure(["original", "ours"], [band]))
    row = SIDE + LINE + GAP
    assert image.shape == (LINE + 2 * row, GAP + 2 * (SIDE + GAP), 3)
    for i, picture in enumerate(pictures):
        left = GAP + i * (SIDE + GAP)
        cut = image[LINE + row : LINE + row + SIDE, left : left + SIDE]
        expected = picture[8:40, 16:48].repeat(8, axis=0).repeat(8, axis=1)
        np.testing.assert_array_equal(cut, expected)
        whole = image[LINE : LINE + SIDE, left : left + SIDE]
        np.testing.assert_array_equal(whole[::4, ::4][:8], picture[:8])  # above the red line


def test_a_column_without_a_picture_stays_white_and_large_frames_keep_their_size():
    picture = noise(0, size=300)
    image = np.asarray(draw_figure(["a", "b"], [Band(caption="", pictures=(picture, None))]))
    np.testing.assert_array_equal(image[LINE : LINE + 300, GAP : GAP + 300], picture)
    assert (image[LINE:, GAP + 300 :] == 255).all()
