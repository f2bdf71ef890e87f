"""What is said of laws, to the letter where noise is none."""

import pytest

from pvvae.study.answers.scaling_sentences import (
    difference_sentence,
    law_sentences,
    repetition_sentence,
)
from pvvae.study.statistics.observations import Observation, Repetition
from pvvae.study.statistics.scaling import ExponentDifference, measure_scaling
from tests.pvvae.study.simulated import SIZES, runs
from tests.pvvae.study.statistics.flat_runs import flat


def said(observed: list[Observation]) -> list[str]:
    return law_sentences("arm", measure_scaling(observed), loss="gFVD", size="unique samples")


def test_a_law_is_said_with_its_intervals_and_its_forecast() -> None:
    verdict, law, forecast = said(runs(noise=0.002))
    assert verdict.startswith("arm: gFVD falls with unique samples (ΔAIC ")
    assert verdict.endswith(" over a constant; 6 sizes, 18 runs).")
    assert law.startswith("It falls as 0.99")
    assert "β = 0.40 [0.39, 0.41]" in law
    assert "A floor shows (ΔAIC " in law
    assert forecast.startswith("Its smaller sizes forecast 1.2")


def test_nothing_that_scales_is_no_scaling_seen() -> None:
    verdict, *rest = said(flat())
    assert verdict.startswith("arm: no scaling with unique samples seen (ΔAIC −")
    assert not any(sentence.startswith("It falls") for sentence in rest)


def test_degenerate_fits_say_so() -> None:
    sentence = said(runs(noise=0.02, sizes=SIZES[:4]))[2]
    assert sentence.startswith("The fit is degenerate, its parameters are not to be believed: 4 ")


def test_too_few_runs_tell_nothing() -> None:
    assert said(runs(sizes=SIZES[:3], seeds=1))[0] == (
        "arm: too few runs to tell whether gFVD falls with unique samples (3 sizes, 3 runs)."
    )


@pytest.mark.parametrize(
    ("difference", "degenerate", "sentence"),
    [
        (
            ExponentDifference(value=0.31, interval=(0.28, 0.33), pairs=18),
            [],
            "b gains more from size than a (β differs by +0.31 [+0.28, +0.33], 18 pairs of runs).",
        ),
        (
            ExponentDifference(value=-0.31, interval=(-0.33, -0.28), pairs=18),
            [],
            "b gains less from size than a (β differs by −0.31 [−0.33, −0.28], 18 pairs of runs).",
        ),
        (
            ExponentDifference(value=0.03, interval=(-0.07, 0.13), pairs=18),
            [],
            "b and a: no difference in scaling seen (β differs by +0.03 [−0.07, +0.13], "
            "18 pairs of runs).",
        ),
        (
            ExponentDifference(value=0.3, interval=(0.2, 0.4), pairs=18),
            ["a", "b"],
            "Exponents of a and b cannot be compared: a and b are degenerate.",
        ),
    ],
)
def test_differences_of_exponents(
    difference: ExponentDifference, degenerate: list[str], sentence: str
) -> None:
    assert difference_sentence("a", "b", difference, degenerate=degenerate) == sentence


@pytest.mark.parametrize(
    ("steps", "epochs", "sentence"),
    [
        (
            (640.0, 640.0),
            (80.0, 2.5),
            "All sizes were trained for 640 steps: 64 unique samples were seen 80 times each, "
            "2,048 were seen 2.5 times.",
        ),
        (
            (20.0, 640.0),
            (10.0, 10.0),
            "All sizes were seen 10 times: 64 unique samples in 20 steps, 2,048 in 640.",
        ),
        (
            (20.0, 640.0),
            (10.0, 11.0),
            "Steps go from 20 to 640 and epochs from 10 to 11: sizes differ in both.",
        ),
    ],
)
def test_repeated_data_is_never_taken_for_more_data(
    steps: tuple[float, float], epochs: tuple[float, float], sentence: str
) -> None:
    found = [
        Repetition(size=size, steps=(steps[i],) * 2, epochs=(epochs[i],) * 2)
        for i, size in enumerate((64.0, 2048.0))
    ]
    assert repetition_sentence(found, size="unique samples") == sentence
    assert repetition_sentence(found[:1], size="unique samples") == ""
