"""Claims answered: verdict, effect, interval and gaps. The wording is held in test_sentences."""

from dataclasses import replace

import pytest

from pvvae.study.answers.claims import Answered, answer_claims
from pvvae.study.cells import cells_of, foreign
from pvvae.study.outcomes import Outcome, StudyQuestion
from tests.pvvae.study.made_up import BASELINE, CLAIM, GFVD, PREDICTIVE, PSNR, QUESTION, outcomes


def answers(*found: Outcome) -> list[Answered]:
    return answer_claims(QUESTION, cells_of(QUESTION, found))


def effect(answer: Answered) -> tuple[float, float, float]:
    """The mean change with its interval."""
    assert answer.effect is not None and answer.effect.interval is not None
    return (answer.effect.change, *answer.effect.interval)


BEFORE = outcomes(BASELINE, [200.0, 210.0, 190.0], [30.0, 30.2, 29.8])
AFTER = outcomes(PREDICTIVE, [176.0, 184.8, 166.0], [28.9, 29.3, 28.8])


def test_an_effect_is_a_sentence_with_its_interval_and_seeds() -> None:
    lower, psnr = answers(*BEFORE, *AFTER)
    assert (lower.verdict, psnr.verdict) == ("better", "worse")
    assert effect(lower) == pytest.approx((-0.122, -0.131, -0.113), abs=5e-4)
    assert effect(psnr) == pytest.approx((-1.0, -1.2, -0.8), abs=0.05)
    assert lower.effect is not None and len(lower.effect.pairs) == 3


def test_an_interval_that_holds_zero_is_no_effect_seen() -> None:
    answer, _ = answers(*BEFORE, *outcomes(PREDICTIVE, [190.0, 215.0, 188.0]))
    assert answer.verdict == "no effect"
    assert effect(answer) == pytest.approx((-0.01, -0.10, 0.08), abs=5e-3)


def test_one_seed_shows_nothing() -> None:
    question = replace(QUESTION, seeds=(0,))
    (answer, _) = answer_claims(question, cells_of(question, [BEFORE[0], AFTER[0]]))
    assert answer.verdict == "open"
    assert answer.effect is not None and answer.effect.interval is None
    assert answer.effect.changes == pytest.approx((-0.12,))


def test_a_failed_seed_is_named_and_takes_no_part() -> None:
    failed = replace(AFTER[1], values={}, failed="latte: out of memory")
    answer, _ = answers(*BEFORE, AFTER[0], failed, AFTER[2])
    assert answer.verdict == "better"
    assert answer.gaps == ("+ predictive, seed 1 failed: latte: out of memory",)
    assert answer.effect is not None and answer.effect.pairs == (0, 2)


def test_a_stale_outcome_has_values_that_are_never_averaged() -> None:
    stale = replace(BEFORE[2], values={"gfvd": 1e9}, stale="its base had steps: 100")
    answer, _ = answers(*BEFORE[:2], stale, *AFTER)
    assert answer.effect is not None and answer.effect.pairs == (0, 1)
    assert answer.gaps == ("Baseline, seed 2 is stale: its base had steps: 100",)


def two_sizes() -> tuple[StudyQuestion, list[Outcome]]:
    """Both arms at two sizes with two seeds each, asked over sizes."""
    arms = [{**arm, "clips": size} for size in ("64", "128") for arm in (BASELINE, PREDICTIVE)]
    over = replace(CLAIM, arm=arms[1], against=arms[0], over="clips")
    factors = {**QUESTION.factors, "clips": ("64", "128")}
    question = replace(
        QUESTION, factors=factors, baseline=arms[0], arms=tuple(arms), claims=(over,), seeds=(0, 1)
    )
    values = ([200.0, 210.0], [180.0, 195.0], [100.0, 90.0], [91.0, 80.0])
    return question, [o for a, v in zip(arms, values, strict=True) for o in outcomes(a, v)]


def test_a_claim_over_a_factor_pairs_runs_at_each_of_its_values() -> None:
    question, found = two_sizes()
    (answer,) = answer_claims(question, cells_of(question, found))
    ratios = [180 / 200, 195 / 210, 91 / 100, 80 / 90]
    assert answer.effect is not None
    assert sorted(answer.effect.changes) == pytest.approx(sorted(r - 1 for r in ratios))
    assert answer.effect.pairs == ((0, "128"), (0, "64"), (1, "128"), (1, "64"))
    assert answer.verdict == "better"


def test_a_pair_that_is_not_there_is_named_with_its_place() -> None:
    question, found = two_sizes()
    (answer,) = answer_claims(question, cells_of(question, found[:-1]))
    assert answer.effect is not None and len(answer.effect.pairs) == 3
    assert answer.gaps == ("+ predictive, 128, seed 1 is not there yet",)


@pytest.mark.parametrize(
    ("value", "gap"),
    [({}, "+ predictive, seed 0 has no gFVD"), ({"gfvd": float("nan")}, "+ predictive, seed 0")],
)
def test_a_value_that_is_missing_or_no_number_is_a_gap(value: dict[str, float], gap: str) -> None:
    answer, _ = answers(*BEFORE, replace(AFTER[0], values=value), *AFTER[1:])
    assert answer.gaps[0].startswith(gap)


def test_without_a_common_seed_nothing_can_be_said() -> None:
    answer, _ = answers(BEFORE[0], AFTER[1])
    assert (answer.verdict, answer.effect) == ("open", None)
    assert answer.gaps == (
        "+ predictive, seeds 0 and 2 are not there yet",
        "Baseline, seeds 1 and 2 are not there yet",
    )


def test_values_that_may_be_negative_change_by_differences() -> None:
    found = answers(*outcomes(BASELINE, [-1.0, -2.0]), *outcomes(PREDICTIVE, [1.0, 0.5]))[0]
    assert found.effect is not None
    assert found.effect.relative is False
    assert found.effect.changes == (2.0, 2.5)


def test_a_seed_that_was_added_later_counts() -> None:
    later = replace(BEFORE[0], seed=7), replace(AFTER[0], seed=7)
    answer, _ = answers(*BEFORE, *AFTER, *later)
    assert answer.effect is not None and answer.effect.pairs == (0, 1, 2, 7)


def test_outcomes_of_arms_that_the_study_no_longer_has_are_set_aside() -> None:
    other = replace(BEFORE[0], arm={"method": "gone"})
    assert foreign(QUESTION, [*BEFORE, other]) == [other]
    assert [len(cell.outcomes) for cell in cells_of(QUESTION, [*BEFORE, other])] == [3, 0]


def test_claims_of_what_the_study_does_not_have_are_left_out() -> None:
    claims = (replace(CLAIM, measure="kvd"), replace(CLAIM, arm={"method": "gone"}))
    question = replace(QUESTION, claims=claims, measures=(GFVD, PSNR))
    assert answer_claims(question, cells_of(question, BEFORE)) == []
