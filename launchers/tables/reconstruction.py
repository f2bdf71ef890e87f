"""Table 2: what VAEs rebuild at several sizes, and how fast; Figure 3's reconstructions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.ranges import Length, Pixels
from launchers.machines.command import Command, shared_stage
from launchers.tables.plan import (
    SPEED,
    PlannedRow,
    TableConfig,
    TablePlan,
    check_folders,
)
from launchers.tables.subjects import Opened, RebuildingSubject, open_subject
from launchers.tables.substitutes import Clips
from pvvae.data.evaluation.clip_set import FILE as MANIFEST
from pvvae.errors import ConfigError
from pvvae.report.tables.comparison_figure import FigureConfig, check_inside


@dataclass(frozen=True, kw_only=True)
class ReconstructionTable(TableConfig):
    """The defaults are section 4.1's."""

    clips: str
    """What is rebuilt: a folder of clips or of shards, or a list."""
    subjects: tuple[RebuildingSubject, ...]
    """Rows, in their order."""
    frames: Length = 17
    sizes: tuple[Pixels, ...] = (256, 512)
    """Height and width."""
    figure: FigureConfig | None = None
    """What is shown side by side, at the first size."""

    def __post_init__(self) -> None:
        if not self.subjects or not self.sizes:
            raise ConfigError("a table needs one of subjects and of sizes at least")
        check_folders([(subject.name, subject.folder) for subject in self.subjects])
        if self.figure is not None:
            check_inside(self.figure.crops, frames=self.frames, size=self.sizes[0])


def plan(config: ReconstructionTable, *, processes: int | None) -> TablePlan:
    """The runs of all subjects at all sizes, then those of speed, which want the machine alone.

    Raises:
        ConfigError: for a subject of ours that is not here.
    """
    folder = Path(config.folder)
    clips = Clips(folder)
    commands: list[Command] = []
    timed: list[Command] = []
    rows = []
    for subject in config.subjects:
        opened, own = open_subject(subject), folder / subject.folder
        runs = {}
        if opened.quality:
            for size in config.sizes:
                name = f"{config.frames}x{size}x{size}"
                runs[name] = own / name
                sets = _sets(config, subject, opened, clips.find(config.clips, side=size), size)
                commands.append(
                    shared_stage("evaluate_reconstruction", own / name, sets, processes=processes)
                )
        figure = None
        if config.figure is not None and opened.quality:
            figure = own / "_".join(["shown", *map(str, config.figure.clips)])
            sets = _shown(config, config.figure, opened, clips)
            commands.append(shared_stage("show_clips", figure, sets, processes=processes))
        if config.speed is not None and opened.speed:
            runs[SPEED] = own / SPEED
            sets = {**opened.sets, **config.speed}
            timed.append(shared_stage("measure_reconstruction", own / SPEED, sets, processes=1))
        rows.append(PlannedRow(name=subject.name, runs=runs, figure=figure, missing=opened.missing))
    return TablePlan(
        kind="reconstruction",
        title=clips.title(config.title),
        folder=folder,
        commands=(*clips.commands, *commands, *timed),
        rows=tuple(rows),
        slurm=config.slurm,
        stand_ins=tuple(clips.replaced),
    )


def _sets(
    config: ReconstructionTable, subject: RebuildingSubject, opened: Opened, where: str, size: int
) -> dict[str, Any]:
    predictor = {} if subject.predictor is None else {"predictor": subject.predictor}
    facts = {
        "clips": where,
        "num": config.num,
        "seed": config.seed,
        "frames": config.frames,
        "height": size,
        "width": size,
        "manifest": _manifest(config, size),
    }
    return {**opened.sets, **(predictor | facts | config.evaluation)}


def _shown(
    config: ReconstructionTable, figure: FigureConfig, opened: Opened, clips: Clips
) -> dict[str, Any]:
    size = config.sizes[0]
    facts = {
        "clips": clips.find(config.clips, side=size),
        "num": config.num,
        "seed": config.seed,
        "frames": config.frames,
        "height": size,
        "width": size,
        "manifest": _manifest(config, size),
        "chosen": list(figure.numbers),
        "pages": figure.pages,
    }
    return {**opened.sets, **facts}


def _manifest(config: ReconstructionTable, size: int) -> str:
    """One for all subjects: they are measured on the same clips, which are drawn once."""
    return str(Path(config.folder) / "clips" / f"{config.frames}x{size}x{size}" / MANIFEST)
