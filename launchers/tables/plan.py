"""What a table is made of: commands as one would type them, and the run folders they fill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arch.ranges import Seed, Several
from launchers.machines.command import Command
from pvvae.errors import ConfigError
from pvvae.report.tables.paper import Kind

SPEED = "speed"
"""What the speed of a subject is filed under, beside sizes or data sets."""


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """What both tables have."""

    title: str
    """Above the table. Where packaged clips stand in for a data set, that is added to it."""
    folder: str
    """Where the table is written, and below it the runs that it is made of."""
    num: Several = 2048
    """Clips or samples (section 4.1)."""
    seed: Seed = 0
    """Which clips are drawn, and what samples are made of."""
    evaluation: dict[str, Any] = field(default_factory=dict)
    """Other keys of the evaluation stage, the same for all subjects."""
    speed: dict[str, Any] | None = None
    """Keys of the speed stage that differ from configs/shared; null times nothing."""
    slurm: dict[str, Any] = field(default_factory=dict)
    """Options of sbatch for every job of --slurm."""
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedRow:
    """One subject, with what is measured of it."""

    name: str
    runs: Mapping[str, Path]
    """Run folders by size, data set or ``speed``; what is not measured has none."""
    figure: Path | None = None
    """Run folder of the clips that are shown of it."""
    samples: Mapping[str, Path] = field(default_factory=dict)
    """Run folders of its samples by data set."""
    missing: str = ""
    """What is not here, said below the table."""


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """A table before anything is measured."""

    kind: Kind
    title: str
    folder: Path
    commands: tuple[Command, ...]
    """In the order in which they are given."""
    rows: tuple[PlannedRow, ...]
    slurm: Mapping[str, Any]
    stand_ins: tuple[str, ...] = ()
    """Data that are not here, for which packaged clips stand in."""

    @property
    def page(self) -> Path:
        """What to look at in the end."""
        return self.folder / "index.html"


def check_folders(names: Sequence[tuple[str, str]]) -> None:
    """Refuse subjects whose runs would lie in one folder.

    Args:
        names: of each subject, and of its folder.

    Raises:
        ConfigError: naming two.
    """
    seen: dict[str, str] = {}
    for name, folder in names:
        if folder in seen:
            raise ConfigError(
                f"subjects: {seen[folder]!r} and {name!r} would share the folder {folder}; "
                "rename one of them"
            )
        seen[folder] = name
