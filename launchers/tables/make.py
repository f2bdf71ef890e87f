"""From a table's plan to the table: its runs one after another, then what is written of them."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from launchers.machines.command import ConsoleCommand, Give, StageCommand, give_status
from launchers.machines.pipeline import Pipeline, give_in_order
from launchers.tables import generation, reconstruction
from launchers.tables.generation import GenerationTable
from launchers.tables.pictures import draw_reconstructions, draw_samples
from launchers.tables.plan import PlannedRow, TablePlan
from launchers.tables.reconstruction import ReconstructionTable
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.files import write_atomic
from pvvae.metrics.results import FILE
from pvvae.report.html_shell import Section
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.tables import TableSubject, write_tables

FIGURE = "figure.png"


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """A table's file, read: its config and the plan that follows from it."""

    path: Path
    overrides: tuple[str, ...]
    config: ReconstructionTable | GenerationTable
    plan: TablePlan


def read_table(
    kind: Kind,
    path: Path,
    overrides: Sequence[str],
    *,
    processes: int | None,
    whole: bool = False,
) -> TableRequest:
    """Read and plan; nothing is run or written.

    Args:
        kind: which table.
        path: its file.
        overrides: ``key.path=value``.
        processes: of every run but those of speed.
        whole: whether to plan Table 1 as if all data and weights were here.

    Raises:
        ConfigError: for anything wrong with the file or with what it names.
    """
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    if "subjects" not in data:
        raise ConfigError(f"{path}: not a table: it has no subjects; see configs/tables")
    codec.load_plugins(data)
    try:
        if kind == "reconstruction":
            table = codec.decode(ReconstructionTable, data)
            plan = reconstruction.plan(table, processes=processes)
            return TableRequest(path=path, overrides=tuple(overrides), config=table, plan=plan)
        other = codec.decode(GenerationTable, data)
        plan = generation.plan(other, processes=processes, whole=whole)
        return TableRequest(path=path, overrides=tuple(overrides), config=other, plan=plan)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def check_runs(asked: TableRequest) -> None:
    """Load the config of every run before the first one starts.

    Raises:
        ConfigError: for one that its stage refuses, or whose folder holds another run.
    """
    for command in asked.plan.commands:
        if isinstance(command, StageCommand):
            command.check()


def make_table(asked: TableRequest, *, give: Give = give_status) -> int:
    """Give the commands that are not done, then write the table; the first failing status, or 0."""
    left = [command for command in asked.plan.commands if not command.done]
    done = len(asked.plan.commands) - len(left)
    if done:
        print(f"{done} of {len(asked.plan.commands)} runs are finished already", flush=True)
    status = give_in_order(left, give=give)
    if status == 0:
        print(write_table(asked))
    return status


def as_pipeline(asked: TableRequest) -> Pipeline:
    """The table as a pipeline, for Slurm; its last command writes what all the others found."""
    plan = asked.plan
    words = ("evaluate", plan.kind, str(asked.path), *asked.overrides)
    return Pipeline(
        path=asked.path,
        commands=[*plan.commands, ConsoleCommand(words=words)],
        folder=plan.folder,
        result=str(plan.page),
        slurm=plan.slurm,
    )


def write_table(asked: TableRequest) -> Path:
    """Write table.md, table.tex, table.json, index.html and the figure; the page's path."""
    plan = asked.plan
    subjects = [
        TableSubject(
            name=row.name,
            results={name: run / FILE for name, run in row.runs.items()},
            latent=_latent(row),
        )
        for row in plan.rows
    ]
    return write_tables(
        plan.folder,
        title=plan.title,
        kind=plan.kind,
        subjects=subjects,
        stand_ins=plan.stand_ins,
        remarks=[f"{row.name}: {row.missing}." for row in plan.rows if row.missing],
        sections=_figure(asked),
    )


def _latent(row: PlannedRow) -> str:
    """``tTsScC``, from whichever result says it."""
    for run in row.runs.values():
        latent = json.loads((run / FILE).read_text()).get("latent")
        if latent:
            return str(latent)
    return ""


def _figure(asked: TableRequest) -> list[Section]:
    config, plan = asked.config, asked.plan
    if config.figure is None:
        return []
    if isinstance(config, ReconstructionTable):
        image = draw_reconstructions(plan, config.figure)
        lead = "Whole frames, and squares of them enlarged pixel by pixel."
    else:
        image = draw_samples(plan, config.figure, list(config.data))
        lead = "Samples by their numbers: whole frames, and squares enlarged pixel by pixel."
    if image is None:
        return []
    path = plan.folder / FIGURE
    write_atomic(path, partial(image.save, format="PNG", optimize=True))
    uri = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    body = f'<div class="wide"><img src="{uri}" alt="side by side"></div>'
    return [Section(key="figure", head="Side by side", lead=lead, body=body)]
