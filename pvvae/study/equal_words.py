"""The arms of a study at equal parameters, FLOPs and seconds, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvvae.study.cells import Cell
from pvvae.study.claims import effect_of, sentence_of
from pvvae.study.effects import Effect
from pvvae.study.equal_cost import Equal, at_equal_cost, curves_of
from pvvae.study.outcomes import Measure, StudyQuestion
from pvvae.study.pareto import front

EQUAL = {"parameters": "parameters", "flops": "FLOPs", "seconds": "wall-clock"}
"""Costs that arms are compared at, and what sentences call them."""
COSTS = EQUAL | {"memory": "memory"}
"""Costs that quality is held against."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """All at one cost."""

    equal: Equal
    effects: dict[str, Effect | None]
    """Of each name against the first."""
    sentences: tuple[str, ...]


def compare_at_equal_costs(question: StudyQuestion, cells: Sequence[Cell]) -> list[Compared]:
    """By the answer's measure, at every cost that two arms or more are known by."""
    measure = next((m for m in question.measures if m.name == question.answer.y), None)
    if measure is None:
        return []
    found = []
    for cost in EQUAL:
        curves = curves_of(cells, measure, cost, by=question.answer.by)
        if len(curves) > 1:
            found.append(_compared(measure, at_equal_cost(curves, cost)))
    return found


def _compared(measure: Measure, equal: Equal) -> Compared:
    name = EQUAL[equal.cost]
    if equal.at is None:
        ranges = [f"{who} has {_range(*ends, equal.cost)}" for who, ends in equal.ranges.items()]
        words = f"At equal {name}: not reached, no cost is common to all ({'; '.join(ranges)})."
        return Compared(equal=equal, effects={}, sentences=(words,))
    first, *others = equal.values
    before = equal.values[first]
    effects = {who: effect_of(measure, equal.values[who], before) for who in others}
    at = f"At equal {name} ({shown(equal.at, equal.cost)}), against {first}"
    sentences = [f"{at}, {sentence_of(who, measure, effect)}." for who, effect in effects.items()]
    return Compared(equal=equal, effects=effects, sentences=tuple(sentences))


def pareto_front(cells: Sequence[Cell], measure: Measure, cost: str) -> dict[str, bool]:
    """Names of all cells that have both means, and whether none other beats them in both."""
    points = {
        cell.name: (_mean(cell.costs(cost)), _mean(cell.values(measure.name)))
        for cell in cells
        if cell.costs(cost) and cell.values(measure.name)
    }
    best = front(list(points.values()), higher_is_better=(False, measure.higher_is_better))
    return {name: i in best for i, name in enumerate(points)}


def shown(amount: float, cost: str) -> str:
    """A cost in a unit that is read at a glance."""
    if cost == "seconds":
        return f"{amount / 60:,.3g} min" if amount >= 60 else f"{amount:,.3g} s"
    if cost == "memory":
        return f"{amount / 2**30:,.3g} GiB"
    if cost == "parameters":
        return f"{amount / 1e6:,.3g} million"
    return f"{amount:.3g}"


def _range(low: float, high: float, cost: str) -> str:
    if low == high:
        return shown(low, cost)
    return f"{shown(low, cost)} to {shown(high, cost)}"


def _mean(values: dict[int, float]) -> float:
    return sum(values.values()) / len(values)
