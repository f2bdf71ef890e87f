"""Table 1: samples of Latte on each VAE's latents, and what its training step costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from arch.ranges import Count, Pixels
from launchers.machines.command import Command, shared_stage
from launchers.tables.learning import LearnEntry, Lesson, latent_facts, learning, making
from launchers.tables.plan import (
    SPEED,
    PlannedRow,
    TableConfig,
    TablePlan,
    check_folders,
)
from launchers.tables.subjects import GeneratingSubject, Opened, open_subject
from launchers.tables.substitutes import Clips
from pvvae.data.evaluation.clip_set import FILE as MANIFEST
from pvvae.errors import ConfigError
from pvvae.metrics.weight_catalog import C3D_MEAN, C3D_UCF101
from pvvae.report.tables.comparison_figure import SampleFigure
from pvvae.run.folder import is_run


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Real clips that samples are held against."""

    real: str
    """A folder of clips or of shards, or a list: what Latte was trained on."""
    frame_stride: Count = 1
    """Keep every n-th frame, as Latte's training did."""
    random_start: bool = False
    """Whether each real clip begins at a place of its own, drawn by seed; else at its first
    frame."""
    learn: LearnEntry | None = None
    """How Latte learns it, for rows that name no samples and no Latte; null measures none of
    them."""


@dataclass(frozen=True, kw_only=True)
class GenerationTable(TableConfig):
    """The defaults are section 4.1's."""

    data: dict[str, DataSet]
    """By the name that the table shows, in its order."""
    subjects: tuple[GeneratingSubject, ...]
    """Rows, in their order."""
    size: Pixels = 256
    """Height and width."""
    sampler: dict[str, Any] = field(default_factory=dict)
    """Sampler of samples that are made here: keys of stage generate's ``sampler``."""
    figure: SampleFigure | None = None
    """Which samples are shown side by side."""

    def __post_init__(self) -> None:
        if not self.subjects or not self.data:
            raise ConfigError("a table needs at least one subject and one entry of data")
        check_folders([(subject.name, subject.folder) for subject in self.subjects])
        shown = () if self.figure is None else self.figure.samples
        if shown and max(shown) >= self.num:
            raise ConfigError(f"figure.samples: {max(shown)} is not among {self.num} samples")
        for subject in self.subjects:
            for key, given in (("samples", subject.samples), ("latte", subject.latte)):
                unknown = sorted(given.keys() - self.data.keys())
                if unknown:
                    raise ConfigError(
                        f"{subject.name}: {key} names {unknown[0]!r}; data has "
                        f"{', '.join(self.data)}"
                    )


def plan(config: GenerationTable, *, processes: int | None, whole: bool = False) -> TablePlan:
    """All that is not there yet, VAE to samples, their evaluation, then the training steps.

    Args:
        config: of the table.
        processes: of every run but those of speed.
        whole: whether to plan as if all data and weights were here, to see what there is to do.

    Raises:
        ConfigError: for a subject of ours, samples, clips to learn or weights that are not here.
    """
    folder = Path(config.folder)
    clips = Clips(folder, whole=whole)
    commands: list[Command] = []
    timed: list[Command] = []
    rows = []
    _check_c3d(config.evaluation)
    for subject in config.subjects:
        opened, own = open_subject(subject, made=bool(subject.made_by)), folder / subject.folder
        if whole:
            opened = replace(opened, quality=True, speed=True)
        runs, made = {}, {}
        with _at(subject):
            commands += making(subject.vae, subject.made_by, processes=processes)
        for name, data in config.data.items():
            samples, steps = _samples(config, subject, opened, name, clips, processes=processes)
            if samples is None:
                continue
            runs[name], made[name] = own / name, samples
            real = clips.find(data.real, side=config.size)
            sets = _sets(config, name, samples, real)
            commands += steps
            commands.append(
                shared_stage("evaluate_generation", own / name, sets, processes=processes)
            )
        if config.speed is not None and opened.speed:
            runs[SPEED] = own / SPEED
            sets = {**opened.sets, **config.speed}
            timed.append(shared_stage("measure_training", own / SPEED, sets, processes=1))
        rows.append(PlannedRow(name=subject.name, runs=runs, samples=made, missing=opened.missing))
    return TablePlan(
        kind="generation",
        title=clips.title(config.title),
        folder=folder,
        commands=(*clips.commands, *commands, *timed),
        rows=tuple(rows),
        slurm=config.slurm,
        stand_ins=tuple(clips.replaced),
    )


def _samples(
    config: GenerationTable,
    subject: GeneratingSubject,
    opened: Opened,
    data: str,
    clips: Clips,
    *,
    processes: int | None,
) -> tuple[Path | None, list[Command]]:
    """Where a subject's samples of a data set are or will be, and the commands that make them."""
    if data in subject.samples:
        return _run(subject, subject.samples[data], "samples", "pvvae train of stage generate"), []
    learn, commands = config.data[data].learn, list[Command]()
    own = Path(config.folder) / subject.folder / data
    if data in subject.latte:
        latte = _run(subject, subject.latte[data], "latte", "pvvae train of stage latte")
        if not opened.quality:
            raise ConfigError(
                f"{subject.name}: samples need a VAE to decode them: {opened.missing}"
            )
    elif learn is None or not opened.quality:
        return None, []
    else:
        with _at(subject):
            lesson = Lesson(
                files=learn,
                opened=opened,
                facts=latent_facts(opened.vae, subject.made_by),
                real=clips.learned(config.data[data].real, name=data),
                folder=own,
            )
            latte, steps = learning(lesson, processes=processes)
        commands += steps
    out = Path(f"{own}_samples")
    facts = {"latte": str(latte), "num": config.num, "seed": config.seed}
    sampler = {"sampler": config.sampler} if config.sampler else {}
    sets = {**opened.sets, **facts, **sampler}
    return out, [*commands, shared_stage("generate", out, sets, processes=processes)]


@contextmanager
def _at(subject: GeneratingSubject) -> Iterator[None]:
    """Say which row it is that cannot be had."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{subject.name}: {error}") from None


def _check_c3d(evaluation: dict[str, Any]) -> None:
    """Refuse weights of C3D that are not here, before hours are spent on what they shall judge."""
    for key, source in (("c3d", C3D_UCF101), ("c3d_mean", C3D_MEAN)):
        given = evaluation.get(key)
        if given is None and (key == "c3d" or evaluation.get("c3d") is None):
            continue
        try:
            source.named_or_found(None if given is None else Path(str(given)))
        except ConfigError as error:
            raise ConfigError(f"evaluation.{key}: {error}; c3d: null goes without") from None


def _run(subject: GeneratingSubject, path: str, key: str, maker: str) -> Path:
    if not is_run(Path(path)):
        raise ConfigError(
            f"{subject.name}: {key}: {path}: no such run folder; make it first ({maker})"
        )
    return Path(path)


def _sets(config: GenerationTable, name: str, samples: Path, real: str) -> dict[str, Any]:
    data = config.data[name]
    facts = {
        "samples": str(samples),
        "real": real,
        "num": config.num,
        "seed": config.seed,
        "frame_stride": data.frame_stride,
        "random_start": data.random_start,
        "height": config.size,
        "width": config.size,
        "manifest": str(Path(config.folder) / "clips" / name / MANIFEST),
    }
    return {**facts, **config.evaluation}
