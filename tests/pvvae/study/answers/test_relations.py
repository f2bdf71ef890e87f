"""Figure 5a's sentence says which way, over how many runs, and how sure that is."""

import math
from collections.abc import Callable

import pytest

from launchers.studies.request import read
from pvvae.study.answers.analysis import analyse
from pvvae.study.outcomes import Outcome
from tests.tiny import CONFIGS

RATIOS = ("0%", "25%", "50%", "75%", "100%")


def sentence(quality: Callable[[int, int], float], *, arms: int = 5) -> str:
    """Of the shipped study, where ``quality`` of arm and seed is gFVD."""
    study = read(CONFIGS / "studies/tiny/figure5a.yaml", (), seeds=None, only=None).study
    outcomes = [
        Outcome(
            arm={"ratio": ratio},
            seed=seed,
            values={
                "predicted": 0.01 * (number + 1) + 0.001 * seed,
                "repeated": 1.0,
                "gfvd": quality(number, seed),
            },
        )
        for number, ratio in enumerate(RATIOS[:arms])
        for seed in (0, 1)
    ]
    analysis = analyse(study, outcomes)
    assert analysis.related is not None
    assert analysis.related.sentence == analysis.sentences[-1]
    return analysis.related.sentence


@pytest.mark.parametrize(("slope", "verb"), [(3.0, "rises"), (-3.0, "falls")])
def test_a_line_is_said_with_both_correlations(slope: float, verb: str) -> None:
    said = sentence(lambda arm, seed: 100.0 + slope * (10 * arm + seed))
    sign = "" if slope > 0 else "-"
    assert said.startswith(f"gFVD {verb} with MSE of predicted frames, over 10 runs: correlation ")
    assert said.count(f"{sign}1.00 [{sign}1.00, {sign}1.00]") == 2


def test_what_reaches_zero_is_not_seen() -> None:
    said = sentence(lambda arm, seed: 100.0 + (arm % 2))
    assert said.startswith("no relation of gFVD to MSE of predicted frames is seen, over 10 runs")


def test_three_runs_off_a_line_tell_no_relation() -> None:
    said = sentence(lambda arm, seed: 100.0 + (0.0, 5.0, 6.0, math.nan)[2 * arm + seed], arms=2)
    assert said.startswith("no relation of gFVD to MSE of predicted frames is seen, over 3 runs")


def test_too_few_runs_are_said() -> None:
    assert sentence(lambda arm, seed: float(seed), arms=1) == (
        "gFVD and MSE of predicted frames: 2 runs are too few, or too alike."
    )


def test_a_run_that_ended_in_no_number_is_left_out_and_named() -> None:
    def quality(arm: int, seed: int) -> float:
        return math.nan if (arm, seed) == (2, 1) else 100.0 + 10 * arm + seed

    said = sentence(quality)
    assert ", over 9 runs: correlation 1.00 [1.00, 1.00]" in said
    assert said.endswith(" (gFVD that is no number is left out: 50%, seed 1).")
