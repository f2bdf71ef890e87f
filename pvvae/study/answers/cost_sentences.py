"""The arms of a study at equal parameters, FLOPs and seconds, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvvae.metrics.score_catalog import SCORES
from pvvae.study.answers.claims import effect_of, sentence_of
from pvvae.study.cells import Condition, left_out, looks
from pvvae.study.spec.entries import Measure
from pvvae.study.spec.study import Study
from pvvae.study.statistics.effects import Effect
from pvvae.study.statistics.equal_cost import Equal, at_equal_cost, curves_of


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One key of ``Outcome.costs``."""

    name: str
    """In sentences, and above columns."""
    factor: float
    """From the outcome's unit to the one that is shown."""
    unit: str
    equal: bool = False
    """Whether arms are compared where it is equal."""
    higher_is_better: bool = False


def _of_score(name: str, value: str, *, equal: bool = False) -> Cost:
    """A cost that is a score of tables too, in their unit."""
    entry = SCORES[value]
    return Cost(
        name=name,
        factor=entry.scale,
        unit=entry.unit,
        equal=equal,
        higher_is_better=entry.better == "higher",
    )


COSTS = {
    "parameters": _of_score("parameters", "parameters", equal=True),
    "flops": Cost(name="FLOPs", factor=1e-12, unit="TFLOPs", equal=True),
    "seconds": Cost(name="wall-clock", factor=1 / 60, unit="min", equal=True),
    "memory": _of_score("memory", "times.tmem"),
    "speed": _of_score("speed", "times.tspeed"),
}
"""Costs that tables and plots show."""


def cost_of(key: str) -> Cost:
    """A known cost, or one that a study has named itself, in its own unit."""
    return COSTS.get(key, Cost(name=key.replace("_", " "), factor=1.0, unit=key.replace("_", " ")))


def shown(amount: float, key: str) -> str:
    """A cost in its unit."""
    cost = cost_of(key)
    value = amount * cost.factor
    return f"{value:,.0f} {cost.unit}" if value >= 1000 else f"{value:.3g} {cost.unit}"


def title(key: str) -> str:
    """A cost as the head of a column or of a plot has it."""
    name = cost_of(key).name
    return name[0].upper() + name[1:]


Point = tuple[float, ...]


def front(points: Sequence[Point], *, higher_is_better: Sequence[bool]) -> list[int]:
    """Indices of the points that no other point dominates, in their order.

    One dominates another if it is at least as good in every coordinate, and better in one; equal
    points do not dominate each other.

    Args:
        points: one an arm.
        higher_is_better: of each coordinate.
    """
    signs = [1.0 if higher else -1.0 for higher in higher_is_better]
    gains = [tuple(s * x for s, x in zip(signs, point, strict=True)) for point in points]
    return [i for i, gain in enumerate(gains) if not any(_beats(other, gain) for other in gains)]


def _beats(one: Point, other: Point) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """All at one cost."""

    equal: Equal
    effects: dict[str, Effect | None]
    """Effect of each name against the first."""
    sentence: str


def compare_at_equal_costs(study: Study, cells: Sequence[Condition]) -> list[Compared]:
    """By the answer's measure, at every cost that two arms or more are known by."""
    measure, found = study.drawn, []
    for key, cost in COSTS.items():
        if not cost.equal or (key == "parameters" and study.answer.kind == "curves"):
            continue  # parameters do not grow on the way
        curves = curves_of(cells, measure, key, by=study.answer.by)
        if len(curves) > 1:
            remark = _spread(cells, measure, key) + left_out(cells, measure)
            found.append(_compared(measure, at_equal_cost(curves, key), remark=remark))
    return found


def _spread(cells: Sequence[Condition], measure: Measure, cost: str) -> str:
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


def pareto_front(cells: Sequence[Condition], measure: Measure, cost: str) -> dict[str, bool]:
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
