"""The whole answer of a study, whatever of it there is."""

from dataclasses import replace

import pytest

from pvvae.study.answers.analysis import analyse
from pvvae.study.answers.cost_sentences import pareto_front
from pvvae.study.spec.study import Answer
from tests.pvvae.study.made_up import (
    GFVD,
    GFVD_ENTRY,
    QUESTION,
    cost_outcomes,
    cost_question,
    scaling_outcomes,
    scaling_question,
    whole_study,
)


def test_a_study_says_how_much_of_it_there_is() -> None:
    found = whole_study()
    assert analyse(QUESTION, found).standing == "5 of 6 runs (2 arms) are finished, 1 failed."
    found[0] = replace(found[0], stale="old")
    del found[1]
    analysis = analyse(QUESTION, found)
    assert analysis.standing == (
        "3 of 6 runs (2 arms) are finished, 1 failed, 1 stale, 1 not there yet."
    )
    assert analysis.whole is False
    assert analyse(QUESTION, []).standing == ("0 of 6 runs (2 arms) are finished, 6 not there yet.")


def test_a_study_of_sizes_has_a_law_for_every_curve() -> None:
    analysis = analyse(scaling_question(), scaling_outcomes())
    assert analysis.laws is not None
    assert list(analysis.laws.found) == ["without prediction", "with prediction"]
    without, with_prediction, difference, repeated = analysis.sentences
    assert without.startswith("without prediction: no scaling with unique samples seen (ΔAIC −")
    assert with_prediction.startswith("with prediction: gFVD falls with unique samples (ΔAIC ")
    assert difference.startswith("Exponents of without prediction and with prediction cannot be ")
    assert repeated.startswith("All sizes were trained for 640 steps: 64 unique samples were ")


def test_sizes_that_failed_leave_a_study_that_still_speaks() -> None:
    few = [outcome for outcome in scaling_outcomes() if float(outcome.arm["clips"]) < 200]
    assert analyse(scaling_question(), few).sentences[0] == (
        "without prediction: a scaling law needs at least 3 sizes, got 2."
    )


def test_no_law_is_fitted_to_what_rises() -> None:
    rising = replace(GFVD_ENTRY, better="higher")
    question = replace(scaling_question(), measures={"gfvd": rising})
    assert analyse(question, scaling_outcomes()).sentences == [
        "gFVD rises as it gets better: a law of a loss is not fitted to it."
    ]


def test_backbones_are_compared_at_equal_cost() -> None:
    parameters, flops, seconds = analyse(cost_question(), cost_outcomes()).sentences
    assert parameters == (
        "At equal parameters (3.5 million), against cnn: "
        "vit raises gFVD by 7.6% [7.5, 7.8], 3 of 3 seeds."
    )
    assert flops.startswith("At equal FLOPs (2,000 TFLOPs), against “cnn, small”: “cnn, large”: ")
    assert seconds.startswith("At equal wall-clock (2.5 min), against “cnn, small”: ")


def test_a_cost_that_is_common_to_none_is_not_reached() -> None:
    found = [
        replace(
            o, costs={"parameters": 1e6 + o.seed if o.arm["backbone"] == "cnn" else 4e6}, curves={}
        )
        for o in cost_outcomes()
        if o.arm["width"] == "small"
    ]
    assert analyse(cost_question(), found).sentences == [
        "At equal parameters: not reached, no amount is common to all runs "
        "(cnn has 1 million; vit has 4 million)."
    ]


@pytest.mark.parametrize(
    ("cost", "best"),
    [("parameters", ["cnn, small"]), ("flops", ["cnn, small", "vit, small"])],
)
def test_the_front_is_of_means_over_seeds(cost: str, best: list[str]) -> None:
    cells = analyse(cost_question(), cost_outcomes()).cells
    front = pareto_front(cells, GFVD, cost)
    assert [name for name, first in front.items() if first] == best


def test_an_arm_that_is_as_good_sooner_says_so() -> None:
    question = replace(cost_question(), answer=Answer(kind="curves", y="gfvd"))
    found = cost_outcomes()
    sooner = [
        replace(outcome, curves={"gfvd": ((100.0, 200.0), (350.0, 100.0 + outcome.seed))})
        for outcome in found[3:6]
    ]
    baseline = [replace(o, curves={"gfvd": ((100.0, 300.0), (700.0, 150.0))}) for o in found[:3]]
    first, *_ = analyse(question, [*baseline, *sooner]).sooner
    assert first.effect is not None
    assert first.effect.changes[0] == pytest.approx(100 * 3.5**0.5 / 700 - 1)
    assert first.sentence.startswith(
        "“cnn, large” lowers the steps to the last gFVD of “cnn, small” by 73."
    )


def test_a_look_that_is_no_number_takes_no_part_and_is_named() -> None:
    question = replace(cost_question(), answer=Answer(kind="curves", y="gfvd"), seeds=(0, 1))
    arms = cost_question().arms
    curve, broken = ((100.0, 300.0), (700.0, 150.0)), ((100.0, 300.0), (700.0, float("nan")))
    found = [
        replace(o, values={"gfvd": looks[-1][1]}, curves={"gfvd": looks})
        for o in cost_outcomes()
        if o.seed < 2 and o.arm in arms[:2]
        for looks in [broken if o.seed and o.arm == arms[0] else curve]
    ]
    sentences = analyse(question, found).sentences
    assert len(sentences) == 3 and not any("nan" in sentence for sentence in sentences)
    end = " (gFVD that is no number is left out: cnn, small, seed 1)."
    assert all(sentence.endswith(end) for sentence in sentences)
    effect = analyse(question, found).sooner[0].effect
    assert effect is not None and effect.pairs == (0,)
    alone = [o for o in found if o.seed]
    assert analyse(question, alone).sooner[0].sentence == (
        "“cnn, large”: nothing can be said of the steps to the last gFVD of “cnn, small”" + end
    )


def test_wall_clock_of_several_stages_says_how_it_is_spread() -> None:
    found = [replace(o, runs={"vae": "a", "latte": "b"}) for o in cost_outcomes()]
    _, flops, seconds = analyse(cost_question(), found).sentences
    said = " (of all stages together, spread evenly over the steps of the one that was measured)."
    assert seconds.endswith(said) and not flops.endswith(said)


def test_an_arm_that_is_never_as_good_says_so() -> None:
    question = replace(cost_question(), answer=Answer(kind="curves", y="gfvd"))
    assert analyse(question, cost_outcomes()).sentences[0] == (
        "“cnn, large” never reaches the last gFVD of “cnn, small” (seeds 0, 1, 2)."
    )


def test_outcomes_in_any_order_give_the_same_answer() -> None:
    found = scaling_outcomes()
    assert (
        analyse(scaling_question(), found).sentences
        == analyse(scaling_question(), found[::-1]).sentences
    )
