"""A study's keys, and what follows from them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from arch.ranges import Count, Number, Range, Seed
from pvvae.errors import ConfigError
from pvvae.study.outcomes import Arm
from pvvae.study.spec.entries import (
    Answer,
    ClaimEntry,
    Measure,
    MeasureEntry,
    Sets,
    StageEntry,
    ValueReference,
)
from pvvae.study.spec.references import known


@dataclass(frozen=True, kw_only=True)
class DeclaredStudy:
    """What a study's file says, true or not: :class:`~pvvae.study.spec.study.Study` is checked."""

    title: str
    folder: str
    """Folder of outcomes and page; all runs are below it."""
    stages: dict[str, StageEntry]
    factors: dict[str, dict[str, dict[str, Sets]]]
    """Factor, value, stage, keys."""
    measures: dict[str, MeasureEntry]
    seeds: tuple[Seed, ...] = (0, 1, 2)
    baseline: dict[str, str] = field(default_factory=dict)
    """A value of a factor; the first where none is named."""
    cells: tuple[dict[str, str], ...] = ()
    """Cells that are run; none means every combination. What one leaves out is the baseline's."""
    costs: dict[str, ValueReference] = field(default_factory=dict)
    """parameters, memory, … of a cell, beside the seconds that its runs took."""
    data: str | None = None
    """The stage whose samples, epochs and steps are a cell's."""
    claims: tuple[ClaimEntry, ...] = ()
    answer: Answer = Answer(kind="table")
    paper: dict[str, dict[str, Annotated[float, Range(-1e12, 1e12)]]] = field(default_factory=dict)
    """The paper's own figures: value of the factor, measure, number."""
    note: str = ""
    shares: tuple[str, ...] = ()
    """Folders of other studies, whose complete runs stand for those here that would be the same."""
    retries: Number = 1
    """How often a run that failed is tried again. Ours: once tells bad luck from a mistake."""
    at_once: Count = 1
    """Runs at the same time on this machine."""
    slurm: dict[str, Any] = field(default_factory=dict)
    """Options of sbatch, and ``at_once``: tasks of an array at the same time."""
    plugins: tuple[str, ...] = ()

    def arm(self, chosen: str | Mapping[str, str]) -> dict[str, str]:
        """A value of every factor, in their order.

        Raises:
            ConfigError: for a factor or a value that is not there.
        """
        if isinstance(chosen, str):
            if len(self.factors) != 1:
                raise ConfigError(
                    f"{chosen!r}: a cell of several factors names them; write {{FACTOR: {chosen}}}"
                )
            chosen = {next(iter(self.factors)): chosen}
        for factor, label in chosen.items():
            known(factor, self.factors, "factor")
            known(label, self.factors[factor], f"value of factor {factor!r}")
        first = {factor: next(iter(values)) for factor, values in self.factors.items()}
        return {name: {**first, **self.baseline, **chosen}[name] for name in self.factors}

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All cells, in order."""
        if self.cells:
            return tuple(self.arm(cell) for cell in self.cells)
        products = itertools.product(*self.factors.values())
        return tuple(dict(zip(self.factors, labels, strict=True)) for labels in products)

    @property
    def columns(self) -> tuple[Measure, ...]:
        """All measures, in order."""
        return tuple(entry.measure(name) for name, entry in self.measures.items())

    @property
    def drawn(self) -> Measure:
        """The measure of an answer that is more than a table."""
        return next(measure for measure in self.columns if measure.name == self.answer.y)

    @property
    def comparisons(self) -> tuple[ClaimEntry, ...]:
        """All claims, with a value of every factor on both sides."""
        return tuple(
            replace(claim, arm=self.arm(claim.arm), against=self.arm(claim.against))
            for claim in self.claims
        )

    def sets(self, arm: Arm, stage: str) -> Sets:
        """What a cell sets in a stage: the stage's own keys, then the factors'."""
        merged = dict(self.stages[stage].set)
        for factor, label in arm.items():
            merged |= self.factors[factor][label].get(stage, {})
        return merged

    @property
    def shared(self) -> tuple[Path, ...]:
        """Folders of those that it shares runs with; a base may name the study itself."""
        own = Path(self.folder).resolve()
        return tuple(Path(other) for other in self.shares if Path(other).resolve() != own)

    @property
    def read(self) -> tuple[str, ...]:
        """Stages in which something is read."""
        readings = [*self.measures.values(), *self.costs.values()]
        return tuple(dict.fromkeys(reading.stage for reading in readings))
