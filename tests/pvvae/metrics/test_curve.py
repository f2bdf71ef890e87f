import numpy as np
import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.curve import curve_of


def test_first_frames_of_groups_are_told_from_the_others():
    psnr = np.array([30.0, 20.0, 24.0, 24.0, 24.0, 22.0, 26.0, 26.0, 26.0])  # 1 + 2 groups of 4
    found = curve_of([psnr, psnr + 2.0], larger_is_better=True)
    assert found.frames == (psnr + 1.0).tolist()
    assert (found.first, found.openings, found.others, found.jump) == (31.0, 22.0, 26.0, -4.0)
    assert found.worst == 1
    assert curve_of([psnr], larger_is_better=False).worst == 0
    assert curve_of([psnr], group=2, larger_is_better=True).openings == (20 + 24 + 22 + 26) / 4


def test_a_frame_is_averaged_over_the_clips_that_have_it():
    found = curve_of([np.array([1.0]), np.array([3.0, 5.0, 7.0])], larger_is_better=True)
    assert found.frames == [2.0, 5.0, 7.0]


def test_an_image_has_no_groups():
    found = curve_of([np.array([3.0])], larger_is_better=True)
    assert (found.openings, found.others, found.jump) == (None, None, None)
    assert found.plain() == {
        "frames": [3.0],
        "worst_frame": 0,
        "first_frame": 3.0,
        "first_of_groups": None,
        "other_frames": None,
        "group_jump": None,
    }


def test_nothing_has_no_curve():
    with pytest.raises(ConfigError, match="no frames"):
        curve_of([], larger_is_better=True)
    with pytest.raises(ConfigError, match="1 frame or more, got 0"):
        curve_of([np.array([3.0])], group=0, larger_is_better=True)
