"""How one measure goes with another over all runs of a study (Figure 5a), in a sentence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pvvae.study.cells import Condition, left_out
from pvvae.study.spec.study import Study
from pvvae.study.statistics.correlation import LEVEL, Estimate, Relation, relation


@dataclass(frozen=True, kw_only=True)
class Related:
    """Runs of all arms, and what they have in common."""

    found: Relation | None
    """None with fewer than three runs, or where a measure is the same in all."""
    runs: tuple[tuple[str, float, float], ...]
    """Name of the cell, x and y of each run."""
    sentence: str


def relate(study: Study, cells: Sequence[Condition]) -> Related:
    """Answer a study of kind correlation."""
    labels = {measure.name: measure.label for measure in study.columns}
    x, y = study.answer.x, study.answer.y
    runs = tuple(
        (cell.name, outcome.values[x], outcome.values[y])
        for cell in cells
        for outcome in cell.sound
        if all(math.isfinite(outcome.values.get(each, math.nan)) for each in (x, y))
    )
    omitted = "".join(left_out(cells, one) for one in study.columns if one.name in (x, y))
    found = relation([x for _, x, _ in runs], [y for _, _, y in runs])
    if found is None:
        words = f"{labels[y]} and {labels[x]}: {len(runs)} runs are too few, or too alike{omitted}."
        return Related(found=None, runs=runs, sentence=words)
    return Related(
        found=found, runs=runs, sentence=f"{_sentence(found, labels[x], labels[y])}{omitted}."
    )


def _sentence(found: Relation, x: str, y: str) -> str:
    ends = found.pearson.interval
    # Runs drawn again from three tell a relation of unrelated measures 24 times in 100.
    unsure = found.chance > 1.0 - LEVEL
    if unsure or ends is None or ends[0] <= 0.0 <= ends[1]:
        said = f"no relation of {y} to {x} is seen"
    else:
        said = f"{y} {'rises' if found.slope > 0 else 'falls'} with {x}"
    return (
        f"{said}, over {found.runs} runs: correlation {_words(found.pearson)}, of ranks "
        f"{_words(found.spearman)}"
    )


def _words(one: Estimate) -> str:
    ends = "" if one.interval is None else " [{:.2f}, {:.2f}]".format(*one.interval)
    return f"{one.value:.2f}{ends}"
