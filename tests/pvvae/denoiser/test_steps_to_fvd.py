"""Steps to a named FVD, out of what a run has logged."""

from typing import Any

from pvvae.denoiser.steps_to_fvd import steps_to_fvd


def looks(*values: tuple[float, float, float]) -> list[dict[str, Any]]:
    """Lines of steps 0, 1,000, 2,000, ... with FVD between its ends."""
    return [
        {"step": 1000 * i, "fvd": fvd, "fvd_low": low, "fvd_high": high}
        for i, (low, fvd, high) in enumerate(values)
    ]


FALLING = looks((1, 2, 3), (450, 500, 550), (280, 320, 360), (250, 290, 330), (200, 240, 280))


def test_steps_are_those_of_the_first_look_and_their_interval_is_fvd_s() -> None:
    assert steps_to_fvd(FALLING, 300) == "gFVD 300: reached after 3,000 steps [2,000, 4,000]"


def test_an_upper_end_that_does_not_get_there_is_said() -> None:
    assert steps_to_fvd(FALLING, 250) == "gFVD 250: reached after 4,000 steps [3,000, not in 4,000]"


def test_a_target_that_is_not_reached_is_said_with_the_lowest() -> None:
    assert steps_to_fvd(FALLING, 100) == (
        "gFVD 100: not reached in 4,000 steps; the lowest is 240.0 [200.0, 280.0], after 4,000"
    )
    assert steps_to_fvd(FALLING, 210) == (
        "gFVD 210: not reached in 4,000 steps; its interval holds 210 after 4,000; "
        "the lowest is 240.0 [200.0, 280.0], after 4,000"
    )


def test_too_few_clips_for_an_interval_leave_the_steps_alone() -> None:
    lines = [{"step": 5, "fvd": 9.0}]
    assert steps_to_fvd(lines, 10) == "gFVD 10: reached after 5 steps"
    assert steps_to_fvd(lines, 1) == ("gFVD 1: not reached in 5 steps; the lowest is 9.0, after 5")
    assert steps_to_fvd([{"step": 0, "fvd": 1.0}], 1) == "gFVD 1: no look at samples was taken"
