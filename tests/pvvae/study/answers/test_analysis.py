"""The whole answer of a study, whatever of it there is. The wording is held in test_sentences."""

from dataclasses import replace

import pytest

from pvvae.study.answers.analysis import analyse
from pvvae.study.answers.cost_sentences import pareto_front
from pvvae.study.answers.scaling_sentences import scales
from tests.pvvae.study.made_up import (
    GFVD,
    GFVD_ENTRY,
    QUESTION,
    broken_outcomes,
    cost_outcomes,
    cost_question,
    curve_question,
    scaling_outcomes,
    scaling_question,
    sooner_outcomes,
    uncommon_outcomes,
    whole_study,
)


def test_a_study_says_how_much_of_it_there_is() -> None:
    found = whole_study()
    analysis = analyse(QUESTION, found)
    assert "5 of 6 runs (2 arms)" in analysis.standing and "1 failed" in analysis.standing
    found[0] = replace(found[0], stale="old")
    del found[1]
    analysis = analyse(QUESTION, found)
    for part in ("3 of 6 runs", "1 failed", "1 stale", "1 not there yet"):
        assert part in analysis.standing
    assert analysis.whole is False
    assert "6 not there yet" in analyse(QUESTION, []).standing


def test_a_study_of_sizes_has_a_law_for_every_curve() -> None:
    analysis = analyse(scaling_question(), scaling_outcomes())
    assert analysis.laws is not None
    found = analysis.laws.found
    assert {name: scales(law) for name, law in found.items()} == {
        "without prediction": False,
        "with prediction": True,
    }
    assert list(analysis.laws.differences) == [("without prediction", "with prediction")]
    assert [seen.steps for seen in analysis.laws.repetitions] == [(640.0, 640.0)] * 6
    assert len(analysis.sentences) == 4


def test_sizes_that_failed_leave_a_study_that_still_speaks() -> None:
    few = [outcome for outcome in scaling_outcomes() if float(outcome.arm["clips"]) < 200]
    analysis = analyse(scaling_question(), few)
    assert analysis.laws is not None and not analysis.laws.found
    assert "at least 3 sizes" in analysis.sentences[0]


def test_no_law_is_fitted_to_what_rises() -> None:
    rising = replace(GFVD_ENTRY, better="higher")
    question = replace(scaling_question(), measures={"gfvd": rising})
    analysis = analyse(question, scaling_outcomes())
    assert analysis.laws is not None and not analysis.laws.found
    assert len(analysis.sentences) == 1


def test_backbones_are_compared_at_equal_cost() -> None:
    parameters, flops, seconds = analyse(cost_question(), cost_outcomes()).compared
    assert (parameters.equal.cost, parameters.equal.at) == ("parameters", 3.5e6)
    effect = parameters.effects["vit"]
    assert effect is not None and effect.interval is not None
    assert (effect.change, *effect.interval) == pytest.approx((0.0765, 0.075, 0.078), abs=5e-4)
    assert (flops.equal.cost, flops.equal.at) == ("flops", 2e15)
    assert (seconds.equal.cost, seconds.equal.at) == ("seconds", 150.0)
    names = ["cnn, large", "vit, small", "vit, large"]
    assert list(flops.effects) == names and list(seconds.effects) == names


def test_a_cost_that_is_common_to_none_is_not_reached() -> None:
    (compared,) = analyse(cost_question(), uncommon_outcomes()).compared
    assert compared.equal.at is None and compared.effects == {}
    assert compared.equal.ranges == {"cnn": (1e6, 1e6), "vit": (4e6, 4e6)}


@pytest.mark.parametrize(
    ("cost", "best"),
    [("parameters", ["cnn, small"]), ("flops", ["cnn, small", "vit, small"])],
)
def test_the_front_is_of_means_over_seeds(cost: str, best: list[str]) -> None:
    cells = analyse(cost_question(), cost_outcomes()).cells
    front = pareto_front(cells, GFVD, cost)
    assert [name for name, first in front.items() if first] == best


def test_an_arm_that_is_as_good_sooner_says_so() -> None:
    first, *_ = analyse(curve_question(), sooner_outcomes()).sooner
    assert (first.arm, first.never) == ("cnn, large", ())
    assert first.effect is not None
    assert first.effect.changes[0] == pytest.approx(100 * 3.5**0.5 / 700 - 1)


def test_a_look_that_is_no_number_takes_no_part_and_is_named() -> None:
    question, found = replace(curve_question(), seeds=(0, 1)), broken_outcomes()
    analysis = analyse(question, found)
    assert len(analysis.sentences) == 3
    for sentence in analysis.sentences:
        assert "cnn, small, seed 1" in sentence and "nan" not in sentence
    effect = analysis.sooner[0].effect
    assert effect is not None and effect.pairs == (0,)
    alone = [o for o in found if o.seed]
    sooner = analyse(question, alone).sooner[0]
    assert (sooner.effect, sooner.never) == (None, ())


def test_wall_clock_of_several_stages_says_how_it_is_spread() -> None:
    found = [replace(o, runs={"vae": "a", "latte": "b"}) for o in cost_outcomes()]
    one, several = analyse(cost_question(), cost_outcomes()), analyse(cost_question(), found)
    assert one.sentences[:2] == several.sentences[:2]
    assert "all stages" in several.sentences[2] and "all stages" not in one.sentences[2]


def test_an_arm_that_is_never_as_good_says_so() -> None:
    first, *_ = analyse(curve_question(), cost_outcomes()).sooner
    assert (first.arm, first.effect, first.never) == ("cnn, large", None, (0, 1, 2))


def test_outcomes_in_any_order_give_the_same_answer() -> None:
    found = scaling_outcomes()
    assert (
        analyse(scaling_question(), found).sentences
        == analyse(scaling_question(), found[::-1]).sentences
    )
