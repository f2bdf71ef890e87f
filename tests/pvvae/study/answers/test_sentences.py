"""The wording of answers, held once: every sentence a study's page can say stands in one file.

After a better word: run this file as a program, look at what it changed, commit that.

    python -m tests.pvvae.study.answers.test_sentences
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pvvae.study.answers.analysis import analyse
from pvvae.study.answers.claims import answer_claims
from pvvae.study.answers.scaling_sentences import (
    difference_sentence,
    law_sentences,
    repetition_sentence,
)
from pvvae.study.cells import cells_of
from pvvae.study.outcomes import Outcome
from pvvae.study.statistics.observations import Repetition
from pvvae.study.statistics.scaling import ExponentDifference, measure_scaling
from tests.pvvae.study.made_up import (
    BASELINE,
    GFVD_ENTRY,
    PREDICTIVE,
    QUESTION,
    broken_outcomes,
    cost_outcomes,
    cost_question,
    curve_question,
    outcomes,
    scaling_outcomes,
    scaling_question,
    sooner_outcomes,
    uncommon_outcomes,
    whole_study,
)
from tests.pvvae.study.simulated import SIZES, runs
from tests.pvvae.study.statistics.flat_runs import flat

GOLDEN = Path(__file__).with_name("sentences.md")
BEFORE = outcomes(BASELINE, [200.0, 210.0, 190.0], [30.0, 30.2, 29.8])
AFTER = outcomes(PREDICTIVE, [176.0, 184.8, 166.0], [28.9, 29.3, 28.8])


def said() -> str:
    """All cases with their sentences."""
    cases = [*_standings(), *_claims(), *_laws(), *_differences(), *_repetitions(), *_costs()]
    return "\n".join(f"## {case}\n\n{sentence}\n" for case, sentence in cases)


def _claims() -> Iterator[tuple[str, str]]:
    failed = replace(AFTER[1], values={}, failed="latte: out of memory")
    cases: dict[str, list[Outcome]] = {
        "an effect": [*BEFORE, *AFTER],
        "no effect": [*BEFORE, *outcomes(PREDICTIVE, [190.0, 215.0, 188.0])],
        "a change that rounds to zero": [*BEFORE, *outcomes(PREDICTIVE, [182.0, 229.0, 189.0])],
        "a failed seed": [*BEFORE, AFTER[0], failed, AFTER[2]],
        "no common seed": [BEFORE[0], AFTER[1]],
    }
    for case, found in cases.items():
        for answer in answer_claims(QUESTION, cells_of(QUESTION, found)):
            yield case, answer.sentence
    one = replace(QUESTION, seeds=(0,))
    same = replace(AFTER[0], values=BEFORE[0].values)
    for case, after in (("one seed", AFTER[0]), ("one seed, no change", same)):
        yield case, answer_claims(one, cells_of(one, [BEFORE[0], after]))[0].sentence


def _laws() -> Iterator[tuple[str, str]]:
    cases = {
        "a law": runs(noise=0.002),
        "no scaling": flat(),
        "a degenerate fit": runs(noise=0.02, sizes=SIZES[:4]),
        "too few runs": runs(sizes=SIZES[:3], seeds=1),
    }
    for case, observed in cases.items():
        scaling = measure_scaling(observed)
        yield case, " ".join(law_sentences("arm", scaling, loss="gFVD", size="unique samples"))


def _differences() -> Iterator[tuple[str, str]]:
    for value, ends in ((0.31, (0.28, 0.33)), (-0.31, (-0.33, -0.28)), (0.03, (-0.07, 0.13))):
        difference = ExponentDifference(value=value, interval=ends, pairs=18)
        yield "two exponents", difference_sentence("a", "b", difference, degenerate=[])
    yield (
        "two degenerate exponents",
        difference_sentence("a", "b", difference, degenerate=["a", "b"]),
    )


def _repetitions() -> Iterator[tuple[str, str]]:
    for steps, epochs in (
        ((640.0, 640.0), (80.0, 2.5)),
        ((20.0, 640.0), (10.0, 10.0)),
        ((20.0, 640.0), (10.0, 11.0)),
    ):
        found = [
            Repetition(size=size, steps=(steps[i],) * 2, epochs=(epochs[i],) * 2)
            for i, size in enumerate((64.0, 2048.0))
        ]
        yield "sizes and how often they were seen", repetition_sentence(found, size="samples")


def _standings() -> Iterator[tuple[str, str]]:
    found = whole_study()
    stale = [replace(found[0], stale="old"), *found[2:]]
    for outcomes_there in (found, stale, []):
        yield "how much there is", analyse(QUESTION, outcomes_there).standing


def _costs() -> Iterator[tuple[str, str]]:
    """Sentences that need a whole study: of laws, at equal costs, and of curves."""
    rising = replace(scaling_question(), measures={"gfvd": replace(GFVD_ENTRY, better="higher")})
    few = [outcome for outcome in scaling_outcomes() if float(outcome.arm["clips"]) < 200]
    spread = [replace(o, runs={"vae": "a", "latte": "b"}) for o in cost_outcomes()]
    two = replace(curve_question(), seeds=(0, 1))
    cases = {
        "a loss that rises": (rising, scaling_outcomes()),
        "too few sizes": (scaling_question(), few),
        "at equal cost": (cost_question(), cost_outcomes()),
        "at equal cost, of several stages": (cost_question(), spread),
        "a cost that is common to none": (cost_question(), uncommon_outcomes()),
        "sooner": (curve_question(), sooner_outcomes()),
        "never": (curve_question(), cost_outcomes()),
        "a look that is no number": (two, broken_outcomes()),
        "no look that is a number": (two, [o for o in broken_outcomes() if o.seed]),
    }
    for case, (question, found) in cases.items():
        yield case, "\n\n".join(analyse(question, found).sentences)


def test_answers_are_worded_as_they_were_last_approved() -> None:
    assert said().splitlines() == GOLDEN.read_text().splitlines()


if __name__ == "__main__":
    GOLDEN.write_text(said())
