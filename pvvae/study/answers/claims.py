"""A claim, answered in a plain sentence by the runs of both its arms."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pvvae.study.cells import Condition, cell_of
from pvvae.study.outcomes import arm_name
from pvvae.study.spec.entries import ClaimEntry, Measure
from pvvae.study.spec.study import Study
from pvvae.study.statistics.effects import Effect, P, paired_effect

DIFFERENCES = ("dB", "%")
"""Units that are ratios already: what changes them is a difference, not a share."""

Verdict = Literal["better", "worse", "no effect", "open"]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A claim with its sentence and the numbers in it."""

    claim: ClaimEntry
    """The claim, with a value of every factor on both sides."""
    measure: Measure
    effect: Effect | None
    verdict: Verdict
    """``open`` where one seed or none has both arms."""
    sentence: str
    gaps: tuple[str, ...]
    """Seeds that are not in it, and why."""


def answer_claims(study: Study, cells: Sequence[Condition]) -> list[Answered]:
    """All claims of the study, in its order."""
    measures = {measure.name: measure for measure in study.columns}
    answers = []
    for claim in study.comparisons:
        places = [{}] if not claim.over else [{claim.over: v} for v in study.factors[claim.over]]
        pairs = [
            (arm, against)
            for place in places
            if (arm := cell_of(cells, study.arm(claim.arm) | place)) is not None
            and (against := cell_of(cells, study.arm(claim.against) | place)) is not None
        ]
        answers.append(_answer(claim, measures[claim.measure], pairs))
    return answers


def _answer(
    claim: ClaimEntry, measure: Measure, pairs: Sequence[tuple[Condition, Condition]]
) -> Answered:
    """Answer a claim from pairs of cells: one pair, or one at each value of ``claim.over``."""
    if claim.over:
        arms, others = (_placed(side, measure, claim.over) for side in zip(*pairs, strict=True))
        effect, noun = effect_of(measure, arms, others), f"pairs (seed, {claim.over})"
    else:
        values = (cell.values(measure.name) for cell in pairs[0])
        effect, noun = effect_of(measure, *values), "seeds"
    gaps = tuple(
        f"{arm_name(cell.arm)}, {gap}"
        for pair in pairs
        for cell in pair
        for gap in cell.gaps(measure)
    )
    sentence = sentence_of(claim.subject, measure, effect, noun=noun)
    if gaps:
        both = len(effect.pairs) if effect is not None else 0
        asked = sum(len(arm.seeds) for arm, _ in pairs)
        sentence += f" ({both} of {asked} {noun} finished in both; {'; '.join(gaps)})"
    return Answered(
        claim=claim,
        measure=measure,
        effect=effect,
        verdict=_verdict(measure, effect),
        sentence=f"{sentence}.",
        gaps=gaps,
    )


def _placed(
    cells: Iterable[Condition], measure: Measure, over: str
) -> dict[tuple[int, str], float]:
    """Values of cells by seed and by their value of the factor ``over``."""
    return {
        (seed, cell.arm[over]): value
        for cell in cells
        for seed, value in cell.values(measure.name).items()
    }


def effect_of(
    measure: Measure, values: Mapping[P, float], others: Mapping[P, float]
) -> Effect | None:
    """The paired effect, as a share wherever that means something; None without a common seed."""
    positive = all(value > 0 for value in (*values.values(), *others.values()))
    return paired_effect(values, others, relative=positive and measure.unit not in DIFFERENCES)


def sentence_of(
    subject: str, measure: Measure, effect: Effect | None, *, noun: str = "seeds"
) -> str:
    """What an effect says, without a full stop; ``noun`` is what its pairs are."""
    if effect is None:
        return f"{subject}: nothing can be said of {measure.label}, no seed has both arms"
    if effect.interval is None:
        return (
            f"{subject}: {measure.label} {_moved(effect, measure)} with the one seed there is; one "
            "seed shows nothing"
        )
    seeds = f"{effect.agreeing} of {len(effect.pairs)} {noun}"
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
