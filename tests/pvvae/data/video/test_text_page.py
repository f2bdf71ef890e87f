"""A page of small print, in motion."""

import numpy as np

from pvvae.data.video.text_page import text_page


def test_the_page_rises_by_a_pixel_a_frame_and_is_the_same_every_time():
    page = text_page(0, frames=5, height=48, width=64)
    assert page.shape == (5, 48, 64, 3)
    np.testing.assert_array_equal(page[1:, :-1], page[:-1, 1:])
    np.testing.assert_array_equal(page, text_page(0, frames=5, height=48, width=64))
    assert (page != text_page(1, frames=5, height=48, width=64)).any()


def test_the_page_is_dense_with_ink_on_both_grounds():
    page = text_page(0, frames=1, height=256, width=256)[0].mean(axis=2)
    ground = np.median(page, axis=1)
    assert 0.2 < (ground == 0).mean() < 0.8
    changes = (np.diff(page, axis=1) != 0).sum(axis=1)
    assert np.quantile(changes, 0.6) > 100  # edges of letters in a row of pixels, between lines few
