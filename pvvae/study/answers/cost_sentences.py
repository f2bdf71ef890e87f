"""The arms of a study at equal parameters, FLOPs and seconds, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvvae.study.answers.claims import effect_of, sentence_of
from pvvae.study.answers.costs import COSTS, cost_of, shown
from pvvae.study.cells import Cell, left_out, looks
from pvvae.study.outcomes import Measure, StudyQuestion
from pvvae.study.statistics.effects import Effect
from pvvae.study.statistics.equal_cost import Equal, at_equal_cost, curves_of
from pvvae.study.statistics.pareto import front


@dataclass(frozen=True, kw_only=True)
class Compared:
    """All at one cost."""

    equal: Equal
    effects: dict[str, Effect | None]
    """Of each name against the first."""
    sentence: str


def compare_at_equal_costs(question: StudyQuestion, cells: Sequence[Cell]) -> list[Compared]:
    """By the answer's measure, at every cost that two arms or more are known by."""
    measure = next((m for m in question.measures if m.name == question.answer.y), None)
    if measure is None:
        return []
    found = []
    for key, cost in COSTS.items():
        if not cost.equal or (key == "parameters" and question.answer.kind == "curves"):
            continue  # parameters do not grow on the way
        curves = curves_of(cells, measure, key, by=question.answer.by)
        if len(curves) > 1:
            remark = _spread(cells, measure, key) + left_out(cells, measure)
            found.append(_compared(measure, at_equal_cost(curves, key), remark=remark))
    return found


def _spread(cells: Sequence[Cell], measure: Measure, cost: str) -> str:
    """Whether the time of other stages is in that of a curve: spread over its steps, it is not
    when they were taken."""
    several = any(looks(o, measure.name) and len(o.runs) > 1 for c in cells for o in c.sound)
    if cost != "seconds" or not several:
        return ""
    return " (of all stages together, spread evenly over the steps of the one that was measured)"


def _compared(measure: Measure, equal: Equal, *, remark: str) -> Compared:
    name = COSTS[equal.cost].name
    if equal.at is None:
        ranges = [
            f"{named(who)} has {_range(*ends, equal.cost)}" for who, ends in equal.ranges.items()
        ]
        words = (
            f"At equal {name}: not reached, no amount is common to all runs ({'; '.join(ranges)})"
        )
        words += f"{remark}."
        return Compared(equal=equal, effects={}, sentence=words)
    first, *others = equal.values
    before = equal.values[first]
    effects = {who: effect_of(measure, equal.values[who], before) for who in others}
    said = [sentence_of(named(who), measure, effect) for who, effect in effects.items()]
    at = f"At equal {name} ({shown(equal.at, equal.cost)}), against {named(first)}"
    return Compared(equal=equal, effects=effects, sentence=f"{at}: {'; '.join(said)}{remark}.")


def named(name: str) -> str:
    """The name of an arm within a sentence: in quotation marks if it has a comma."""
    return f"“{name}”" if "," in name else name


def pareto_front(cells: Sequence[Cell], measure: Measure, cost: str) -> dict[str, bool]:
    """Names of all cells that have both means, and whether none other beats them in both."""
    points = {
        cell.name: (_mean(cell.costs(cost)), _mean(cell.values(measure.name)))
        for cell in cells
        if cell.costs(cost) and cell.values(measure.name)
    }
    best = front(
        list(points.values()),
        higher_is_better=(cost_of(cost).higher_is_better, measure.higher_is_better),
    )
    return {name: i in best for i, name in enumerate(points)}


def _range(low: float, high: float, cost: str) -> str:
    return " to ".join(dict.fromkeys(shown(end, cost) for end in (low, high)))


def _mean(values: dict[int, float]) -> float:
    return sum(values.values()) / len(values)
