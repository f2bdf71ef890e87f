import numpy as np
import pytest

from pvvae.data.scenes.layer import GROUP, course, heading, reflected, sense, sum_up, surging


@pytest.mark.parametrize("predictability", [0.0, 0.5, 1.0])
def test_a_longer_course_begins_with_the_shorter(predictability):
    long = course(7, "a", intervals=99, predictability=predictability)
    for intervals in (0, 1, 4, 5, 64):
        short = course(7, "a", intervals=intervals, predictability=predictability)
        assert np.array_equal(short, long[:intervals])


def test_predictability_is_how_often_a_course_is_kept_from_group_to_group():
    def kept(predictability):
        legs = course(0, "b", intervals=4000 * GROUP, predictability=predictability)
        legs = legs.reshape(4000, GROUP)
        assert (legs == legs[:, :1]).all()  # and within a group always
        return np.mean(legs[1:, 0] == legs[:-1, 0])

    assert kept(1.0) == 1
    assert kept(0.0) == 0
    assert abs(kept(0.75) - 0.75) < 0.03  # four deviations of 4000 draws


def test_directions():
    assert np.allclose(heading(np.array([0, 0.25, 0.5])), [1, 1j, -1])
    assert sense(np.array([0.2, 0.7])).tolist() == [-1, 1]
    assert sum_up(np.array([1.0, 2.0, -4.0])).tolist() == [0, 1, 3, -1]


def test_surging_time_is_a_frame_a_frame_in_the_mean_and_never_stands():
    time = surging(1.0, frames=65)
    assert time[0] == 0
    assert time[[32, 64]] == pytest.approx([32, 64])
    assert 0.19 < np.diff(time).min() < 0.3 < 1.7 < np.diff(time).max() < 1.81


def test_walls_throw_back():
    path = np.array([0, 0.3 + 0.5j, 0.7 - 0.5j, 1.1, -0.6])
    assert np.allclose(reflected(path, half=0.4), [0, 0.3 + 0.3j, 0.1 - 0.3j, -0.3, -0.2])
