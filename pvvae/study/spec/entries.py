"""Entries of a study's file: its stages, what is read of them, and what is claimed."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pvvae.errors import ConfigError
from pvvae.metrics.score_catalog import ScoreEntry, score_entry

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
