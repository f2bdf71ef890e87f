"""Runs and result files side by side, in any format."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pvvae.errors import ConfigError, one_line
from pvvae.metrics.results import FILE
from pvvae.report.formats.grid import Grid, sideways
from pvvae.report.formats.html import html_table
from pvvae.report.formats.latex import latex_table
from pvvae.report.formats.markdown import markdown_table
from pvvae.report.formats.text import text_table
from pvvae.report.html_shell import Section, shell
from pvvae.report.runs.run_records import RunRecord, find_records, short_names
from pvvae.report.tables.protocols import all_differences, by_score, described
from pvvae.report.tables.result_files import read_results
from pvvae.report.tables.run_scores import HELD_OUT, SCORES
from pvvae.report.tables.scores import GENERATION, LAST, REBUILDING, RECONSTRUCTION, TRAINING
from pvvae.report.tables.table import ScoredSubject, make_table

SOURCES = (RECONSTRUCTION, GENERATION, REBUILDING, TRAINING)
"""Stages whose results are compared."""


class DamagedRunError(ConfigError):
    """A run below a path whose files cannot be read: its column is empty, the others stand."""


def _page(grid: Grid) -> str:
    table = Section(key="comparison", head="Comparison", body=html_table(grid))
    return shell([table], title="comparison", heading="Side by side")


FORMATS: dict[str, Callable[[Grid], str]] = {
    "text": lambda grid: text_table(grid) + "\n",
    "markdown": markdown_table,
    "latex": latex_table,
    "html": _page,
}


def comparison(paths: Sequence[Path], *, format: str = "text", anyway: bool = False) -> str:
    """Results side by side: one column a path, the best and the second of each row marked.

    Args:
        paths: run folders of evaluations or of training, folders that hold one evaluation of each
            kind, and files that ``pvvae metrics --json`` wrote.
        format: one of ``FORMATS``.
        anyway: whether results of different protocols are put side by side all the same. Rows that
            depend on what differs are then marked, and have no best.

    Raises:
        ConfigError: if a path holds no result yet, or two evaluations of one kind; if protocols
            differ and that was not asked for.
    """
    read = [_column(path) for path in paths]
    columns, damage = [found for found, _ in read], [line for _, line in read if line]
    if len(damage) == len(paths):
        raise ConfigError(damage[0])
    names = short_names(paths)
    named = list(zip(names, columns, strict=True))
    differing = all_differences(named)
    if differing and not anyway:
        raise ConfigError(
            f"these were measured by different protocols: {'; '.join(differing)}. "
            "--anyway puts them side by side, with marks"
        )
    scores = (*SCORES, *HELD_OUT)
    table = make_table(
        scores,
        [ScoredSubject(name=name, found=found) for name, found in named],
        differences=by_score(scores, named),
        remarks=[*described(named), *damage],
    )
    return FORMATS[format](sideways(table))


def _column(path: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Results of a path; of a damaged run nothing, and what is wrong with it."""
    try:
        return _results_of(path), ""
    except DamagedRunError as error:
        return {}, str(error)


def _results_of(path: Path) -> dict[str, dict[str, Any]]:
    if path.is_file():
        found = read_results(path)
        return {RECONSTRUCTION: found, GENERATION: found}  # it may have metrics of both
    return _results_below(path)


def _results_below(folder: Path) -> dict[str, dict[str, Any]]:
    records = find_records(folder)
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.damage:
            raise DamagedRunError(one_line(record.damage))
        path = record.folder / FILE
        if record.stage not in SOURCES or not path.exists():
            continue
        if record.stage in found:
            raise ConfigError(f"{folder}: holds several runs of {record.stage}; name one of them")
        try:
            found[record.stage] = read_results(path)
        except ConfigError as error:
            raise DamagedRunError(one_line(error)) from None
    if not found and records[0].folder == folder:
        found = _last_held_out(records[0])
    if not found:
        raise ConfigError(
            f"{folder}: nothing to compare yet: no {FILE} of an evaluation, "
            "and no held-out values of a training run"
        )
    return found


def _last_held_out(record: RunRecord) -> dict[str, dict[str, Any]]:
    lines = [line for line in record.metrics if line["kind"] == "held_out"]
    return {LAST: lines[-1]} if lines else {}
