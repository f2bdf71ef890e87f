"""Points that no other beats."""

from pvvae.study.answers.cost_sentences import front


def test_the_front_holds_what_nothing_beats_in_everything() -> None:
    points = [(1.0, 10.0), (2.0, 5.0), (3.0, 7.0), (4.0, 1.0), (0.5, 11.0)]
    assert front(points, higher_is_better=(False, False)) == [0, 1, 3, 4]
    assert front(points, higher_is_better=(True, False)) == [3]
    assert front(points, higher_is_better=(True, True)) == [0, 2, 3, 4]


def test_equal_points_do_not_beat_each_other() -> None:
    assert front([(1.0, 1.0), (1.0, 1.0), (1.0, 2.0)], higher_is_better=(False, False)) == [0, 1]
