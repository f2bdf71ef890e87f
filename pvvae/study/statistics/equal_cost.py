"""Arms at the same cost: parameters, FLOPs or seconds.

Where a measure was taken on the way, it is read off between two looks, on a logarithmic scale of
cost; where arms come in sizes, between two sizes. Nothing is read off outside what was measured:
there it says that a cost was not reached.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pvvae.study.cells import Condition, looks
from pvvae.study.outcomes import Outcome, Point
from pvvae.study.spec.entries import Measure

Curve = Sequence[Point]
"""Cost and value, by rising cost."""
Curves = Mapping[str, Mapping[int, Curve]]
"""By arm, or by value of the factor that is compared; then by seed."""


@dataclass(frozen=True, kw_only=True)
class Equal:
    """All compared at one cost."""

    cost: str
    at: float | None
    """The largest that all reach with every seed they have; None where none is common."""
    values: Mapping[str, Mapping[int, float]]
    """By name, then seed; empty without a common cost."""
    ranges: Mapping[str, tuple[float, float]]
    """Least and greatest cost that each was measured at, with any seed."""


def value_at(curve: Curve, cost: float) -> float | None:
    """The value at a cost; None outside the curve."""
    for (left, before), (right, after) in pairwise(curve):
        if left <= cost <= right:
            if left == right:
                return after
            share = math.log(cost / left) / math.log(right / left)
            return before + share * (after - before)
    return curve[0][1] if len(curve) == 1 and curve[0][0] == cost else None


def cost_of_reaching(curve: Curve, value: float, *, higher_is_better: bool) -> float | None:
    """The first cost at which a curve is as good as ``value``; None if it never is.

    A curve that begins as good says only that its first cost is enough, and gives that.
    """
    sign = 1.0 if higher_is_better else -1.0
    for i, (cost, found) in enumerate(curve):
        if sign * (found - value) >= 0:
            if i == 0:
                return cost
            before, worse = curve[i - 1]
            share = (value - worse) / (found - worse)
            return float(before * (cost / before) ** share)
    return None


def at_equal_cost(curves: Curves, cost: str) -> Equal:
    """Everybody's value at the largest cost that all of them reached."""
    ranges = {
        name: (min(c[0][0] for c in seeds.values()), max(c[-1][0] for c in seeds.values()))
        for name, seeds in curves.items()
    }
    every = [curve for seeds in curves.values() for curve in seeds.values()]
    low = max(curve[0][0] for curve in every)
    high = min(curve[-1][0] for curve in every)
    if low > high:
        return Equal(cost=cost, at=None, values={}, ranges=ranges)
    values = {
        name: {s: v for s, curve in seeds.items() if (v := value_at(curve, high)) is not None}
        for name, seeds in curves.items()
    }
    return Equal(cost=cost, at=high, values=values, ranges=ranges)


def curves_of(cells: Sequence[Condition], measure: Measure, cost: str, *, by: str) -> Curves:
    """What can be read off at any cost, of those that have such a curve.

    A cell whose measure was taken on the way is a curve over its steps, its whole cost spread
    evenly over them. Otherwise the cells that share their value of ``by`` are one curve, over what
    each cost; parameters do not grow on the way, so over them that is always so.

    Args:
        cells: of a study.
        measure: what is compared.
        cost: a key of ``Outcome.costs``.
        by: the factor that is compared; empty compares all cells.
    """
    points: dict[str, dict[int, list[Point]]] = {}
    for cell in cells:
        for outcome in cell.sound:
            on_the_way = _on_the_way(outcome, measure, cost)
            name = cell.name if on_the_way else cell.arm.get(by, cell.name)
            found = on_the_way or _at_the_end(outcome, measure, cost)
            if found:
                points.setdefault(name, {}).setdefault(outcome.seed, []).extend(found)
    return {
        name: {seed: sorted(curve) for seed, curve in seeds.items()}
        for name, seeds in points.items()
    }


def _on_the_way(outcome: Outcome, measure: Measure, cost: str) -> list[Point]:
    """By the share of its steps that each look came after."""
    found, spent = looks(outcome, measure.name), _spent(outcome, cost)
    if not found or spent is None or cost == "parameters":
        return []
    last = max(steps for steps, _ in outcome.curves[measure.name])  # though no number came of it
    return [(spent * steps / last, value) for steps, value in found]


def _at_the_end(outcome: Outcome, measure: Measure, cost: str) -> list[Point]:
    value, spent = outcome.values.get(measure.name, math.nan), _spent(outcome, cost)
    return [(spent, value)] if spent is not None and math.isfinite(value) else []


def _spent(outcome: Outcome, cost: str) -> float | None:
    spent = outcome.costs.get(cost, 0.0)
    return spent if spent > 0 and math.isfinite(spent) else None
