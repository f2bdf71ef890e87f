"""The runs of a study that a scaling law is about: one group of observations a curve."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pvvae.study.cells import Cell
from pvvae.study.outcomes import Answer, Outcome
from pvvae.study.statistics.observations import Observation

SIZE_NAMES = {"unique_samples": "unique samples", "parameters": "parameters"}
"""What sizes are called in sentences and on axes."""
WHOLE = "all"
"""Name of the one curve where no factor tells several apart."""


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """How often what was learned from was seen, by size."""

    size: float
    steps: tuple[float, float]
    """Fewest and most."""
    epochs: tuple[float, float]


def size_of(outcome: Outcome, x: str) -> float | None:
    """The number of samples, or of parameters, that a run stands at."""
    size = outcome.data.get(x, outcome.costs.get(x))
    return None if size is None or not size > 0 else size


def size_name(x: str) -> str:
    """In words."""
    return SIZE_NAMES.get(x, x.replace("_", " "))


def grouped(cells: Sequence[Cell], answer: Answer) -> Mapping[str, tuple[Observation, ...]]:
    """Observations by value of the answer's factor, of sound outcomes with a size and a value.

    One factor more than that sets sizes; a study of others is refused when it is read.
    """
    groups: dict[str, list[Observation]] = {}
    for cell in cells:
        name = cell.arm.get(answer.by, WHOLE)
        for outcome in cell.sound:
            size, loss = size_of(outcome, answer.x), outcome.values.get(answer.y, math.nan)
            if size is not None and math.isfinite(loss):
                found = Observation(size=size, seed=outcome.seed, loss=loss)
                groups.setdefault(name, []).append(found)
    return {name: tuple(found) for name, found in groups.items()}


def repetitions(cells: Sequence[Cell], x: str) -> list[Repetition]:
    """Steps and epochs of every size, where runs say so: repeated data is not more data."""
    found: dict[float, list[Outcome]] = {}
    for cell in cells:
        for outcome in cell.sound:
            size = size_of(outcome, x)
            if size is not None and {"steps", "epochs"} <= outcome.data.keys():
                found.setdefault(size, []).append(outcome)
    return [
        Repetition(
            size=size,
            steps=_ends([outcome.data["steps"] for outcome in outcomes]),
            epochs=_ends([outcome.data["epochs"] for outcome in outcomes]),
        )
        for size, outcomes in sorted(found.items())
    ]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)
