"""A study's file: stages as one would run them, factors that change them, and what is asked.

    stages:
      images: {config: configs/cnn/image_pretrain.yaml}
      vae: {config: configs/cnn/predictive.yaml, set: {init: $images}}
      ...
    factors:
      dropping:
        none: {vae: {objective.max_drop_ratio: 0.0}}
        all: {}
    measures:
      psnr: {stage: rebuilt, value: psnr}
      gfvd: {stage: generated, value: fvd, label: gFVD}

``$images`` is the run folder of stage ``images``, and makes ``vae`` wait for it. A stage may be
a ``command`` of pvvae, in which ``{run}`` is its folder and any key of its ``set`` may stand. A
study that ``extends`` another gives up a key of it by null: ``costs: null``.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from arch.ranges import Count, Number, Range, Seed
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.metrics.score_catalog import ScoreEntry, score_entry
from pvvae.study.outcomes import Arm
from pvvae.study.spec.references import known

Sets = dict[str, Any]
"""Key path to value, as on the command line."""


@dataclass(frozen=True, kw_only=True)
class StageEntry:
    """One stage of the pipeline."""

    config: str | None = None
    """The stage's YAML; or ``command`` says."""
    command: str | None = None
    """Words that begin with ``pvvae``, such as pvvae data subset."""
    set: Sets = field(default_factory=dict)
    """Keys that differ from the YAML's, or slots of the command."""
    common: bool = False
    """Whether all seeds share one run, with the seed of its YAML."""
    alone: bool = False
    """Whether nothing else may run meanwhile: where speed is measured."""

    def __post_init__(self) -> None:
        if (self.config is None) == (self.command is None):
            raise ConfigError("needs one of config and command")
        if self.command is not None and not self.command.startswith("pvvae "):
            raise ConfigError(f"command: begins with pvvae, got {self.command!r}")

    @property
    def seeded(self) -> bool:
        """Whether every seed has a run of its own."""
        if self.command is not None:
            return "{seed}" in self.command
        return not self.common


@dataclass(frozen=True, kw_only=True)
class ValueReference:
    """Where a number is read."""

    stage: str
    value: str
    """A metric of the stage's results.json; with dots, a path in it (times.ispeed)."""
    of: str | None = None
    """Reads metrics.jsonl instead: ``value`` of its last line of this kind. All of them are the
    measure's curve."""


@dataclass(frozen=True, kw_only=True)
class MeasureEntry(ValueReference):
    """One column. Words that are left out are those that tables have of the same value."""

    label: str | None = None
    """Needed where ``value`` is no score that tables know."""
    unit: str | None = None
    optional: bool = False
    """Whether its stage may lack it, as a score whose weights were not named: the column is empty
    then. Otherwise that is a mistake."""
    better: Literal["lower", "higher"] | None = None
    """Lower, where tables do not say either."""

    def __post_init__(self) -> None:
        if self.label is None and self._entry is None:
            raise ConfigError(
                f"label: missing, and no table has a score {self.value!r} to take it from"
            )

    @property
    def _entry(self) -> ScoreEntry | None:
        return score_entry(self.value, held_out=self.of is not None)

    def measure(self, name: str) -> "Measure":
        """The column as a page shows it: what was left out is what tables have."""
        entry, label, unit, better = self._entry, self.label, self.unit, self.better
        if entry is not None:
            own = f"{entry.group} {entry.label}".strip()
            label = label or (f"{self.of.replace('_', '-')} {own}" if self.of else own)
            unit = entry.unscaled_unit if unit is None else unit
            better = better or entry.better
        return Measure(
            name=name,
            stage=self.stage,
            value=self.value,
            of=self.of,
            optional=self.optional,
            label=label or self.value,
            unit=unit or "",
            better=better or "lower",
        )


@dataclass(frozen=True, kw_only=True)
class Measure(MeasureEntry):
    """A column with all its words, and its name in the study's file."""

    name: str
    label: str
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.better == "higher"


@dataclass(frozen=True, kw_only=True)
class ClaimEntry:
    """What is said of an arm against another; a factor that is not named has its baseline."""

    subject: str
    measure: str
    arm: str | dict[str, str]
    """A value of each factor; of a study's one factor, its value alone."""
    against: str | dict[str, str] = field(default_factory=dict)
    over: str = ""
    """Another factor: runs are paired by seed at each of its values, and all pairs count."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is drawn beside the table that every study has."""

    kind: Literal["table", "scaling", "pareto", "curves", "correlation"]
    x: str = ""
    """Key of an outcome's ``data`` (scaling) or ``costs`` (pareto), or a measure (correlation)."""
    y: str = ""
    """A measure."""
    by: str = ""
    """Factor whose values are curves of their own; none is one curve for all."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a study's file says."""

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

    def __post_init__(self) -> None:
        from pvvae.study.spec.checks import check_study  # which knows what a study is

        check_study(self)

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


def read_study(path: Path, overrides: Sequence[str] = ()) -> Study:
    """A study's file; nothing of what it names is opened.

    Raises:
        ConfigError: for anything wrong with it.
    """
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    if "factors" not in data:
        raise ConfigError(f"{path}: not a study: it has no factors; see configs/studies")
    try:
        # null is absent: a study can give up what the one that it extends has.
        return codec.decode(Study, {key: v for key, v in data.items() if v is not None})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
