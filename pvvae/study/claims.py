"""A claim, answered in a plain sentence by the runs of both its arms."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pvvae.study.cells import Cell, cell_of
from pvvae.study.effects import Effect, paired_effect
from pvvae.study.outcomes import Claim, Measure, StudyQuestion, arm_name

DIFFERENCES = ("dB", "%")
"""Units that are ratios already: what changes them is a difference, not a share."""

Verdict = Literal["better", "worse", "no effect", "open"]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A claim with its sentence and the numbers in it."""

    claim: Claim
    measure: Measure
    effect: Effect | None
    verdict: Verdict
    """``open`` where one seed or none has both arms."""
    sentence: str
    gaps: tuple[str, ...]
    """Seeds that are not in it, and why."""


def answer_claims(question: StudyQuestion, cells: Sequence[Cell]) -> list[Answered]:
    """All claims of the study, in its order; those of unknown measures or arms are left out."""
    measures = {measure.name: measure for measure in question.measures}
    answers = []
    for claim in question.claims:
        arm, against = cell_of(cells, claim.arm), cell_of(cells, claim.against)
        if claim.measure in measures and arm is not None and against is not None:
            answers.append(_answer(claim, measures[claim.measure], arm, against))
    return answers


def _answer(claim: Claim, measure: Measure, arm: Cell, against: Cell) -> Answered:
    effect = effect_of(measure, arm.values(measure.name), against.values(measure.name))
    gaps = tuple(
        f"{arm_name(cell.arm)}, {gap}" for cell in (arm, against) for gap in cell.gaps(measure)
    )
    sentence = sentence_of(claim.subject, measure, effect)
    if gaps:
        both = len(effect.seeds) if effect is not None else 0
        sentence += f" ({both} of {len(arm.seeds)} seeds finished in both; {'; '.join(gaps)})"
    return Answered(
        claim=claim,
        measure=measure,
        effect=effect,
        verdict=_verdict(measure, effect),
        sentence=f"{sentence}.",
        gaps=gaps,
    )


def effect_of(
    measure: Measure, values: Mapping[int, float], others: Mapping[int, float]
) -> Effect | None:
    """The paired effect, as a share wherever that means something; None without a common seed."""
    positive = all(value > 0 for value in (*values.values(), *others.values()))
    return paired_effect(values, others, relative=positive and measure.unit not in DIFFERENCES)


def sentence_of(subject: str, measure: Measure, effect: Effect | None) -> str:
    """What an effect says, without a full stop."""
    if effect is None:
        return f"{subject}: nothing can be said of {measure.label}, no seed has both arms"
    if effect.interval is None:
        return (
            f"{subject}: {measure.label} {_moved(effect, measure)} with the one seed there is; one "
            "seed shows nothing"
        )
    seeds = f"{effect.agreeing} of {len(effect.seeds)} seeds"
    if not effect.seen:
        inside = f"{amount(effect.change, effect, measure)} {ends_of(effect, sign=1)}, {seeds}"
        return f"{subject}: no effect on {measure.label} seen ({inside})"
    verb, sign = ("lowers", -1) if effect.change < 0 else ("raises", 1)
    size = amount(abs(effect.change), effect, measure)
    return f"{subject} {verb} {measure.label} by {size} {ends_of(effect, sign=sign)}, {seeds}"


def _moved(effect: Effect, measure: Measure) -> str:
    """What one pair does, in words."""
    if effect.change == 0:
        return "does not change"
    way = "lower" if effect.change < 0 else "higher"
    return f"is {amount(abs(effect.change), effect, measure)} {way}"


def amount(change: float, effect: Effect, measure: Measure) -> str:
    """A change with its unit, with as many digits as its interval bears."""
    text = _digits(change, effect)
    return f"{text}%" if effect.relative else f"{text} {measure.unit}".rstrip()


def ends_of(effect: Effect, *, sign: int) -> str:
    """The ends of its interval, of changes upwards (1) or downwards (-1)."""
    ends = sorted(sign * end for end in effect.interval or ())
    return f"[{', '.join(_digits(end, effect) for end in ends)}]"


def _digits(change: float, effect: Effect) -> str:
    """One digit of half the interval's width, and of whichever end is nearer to zero."""
    scale = 100.0 if effect.relative else 1.0
    ends = effect.interval or (effect.change, effect.change)
    half = (ends[1] - ends[0]) / 2 or abs(effect.change)
    sizes = [scale * size for size in (half, *map(abs, ends)) if size > 0]
    places = max((-math.floor(math.log10(size)) for size in sizes), default=0)
    return plain_minus(f"{scale * change:z.{min(max(places, 0), 4)}f}")  # z: no minus before zero


def plain_minus(text: str) -> str:
    """Real minus signs before digits."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


def _verdict(measure: Measure, effect: Effect | None) -> Verdict:
    if effect is None or effect.interval is None:
        return "open"
    if not effect.seen:
        return "no effect"
    return "better" if (effect.change > 0) == measure.higher_is_better else "worse"
