"""What is said of laws: the verdict and its numbers. The wording is held in test_sentences."""

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
    assert "falls" in verdict and "6 sizes, 18 runs" in verdict
    assert "0.40 [0.39, 0.41]" in law
    assert "1.2" in forecast


def test_nothing_that_scales_is_no_scaling_seen() -> None:
    verdict, *rest = said(flat())
    assert "no scaling" in verdict
    assert not any("falls" in sentence for sentence in rest)


def test_degenerate_fits_say_so() -> None:
    assert "degenerate" in said(runs(noise=0.02, sizes=SIZES[:4]))[2]


def test_too_few_runs_tell_nothing() -> None:
    (verdict, *_) = said(runs(sizes=SIZES[:3], seeds=1))
    assert "too few" in verdict and "3 sizes, 3 runs" in verdict


@pytest.mark.parametrize(
    ("value", "interval", "degenerate", "words"),
    [
        (0.31, (0.28, 0.33), [], "more"),
        (-0.31, (-0.33, -0.28), [], "less"),
        (0.03, (-0.07, 0.13), [], "no difference"),
        (0.3, (0.2, 0.4), ["a", "b"], "cannot be compared"),
    ],
)
def test_differences_of_exponents(
    value: float, interval: tuple[float, float], degenerate: list[str], words: str
) -> None:
    difference = ExponentDifference(value=value, interval=interval, pairs=18)
    assert words in difference_sentence("a", "b", difference, degenerate=degenerate)


def test_one_size_says_nothing_of_repeated_data() -> None:
    found = [Repetition(size=64.0, steps=(640.0,) * 2, epochs=(80.0,) * 2)]
    assert repetition_sentence(found, size="unique samples") == ""
