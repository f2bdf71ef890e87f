"""The paper's two comparison tables, written from results.json files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae.files import write_json, write_text
from pvvae.report.formats.grid import upright
from pvvae.report.formats.html import html_table
from pvvae.report.formats.latex import latex_table
from pvvae.report.formats.markdown import markdown_table
from pvvae.report.html_shell import Section, shell
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.paper_rows import Context, tables
from pvvae.report.tables.result_files import read_results
from pvvae.report.tables.table import ScoredSubject, Table


@dataclass(frozen=True, kw_only=True)
class TableSubject:
    """One row."""

    name: str
    results: Mapping[str, Path]
    """The results.json files, in the order of the columns: of Table 2 by size (``17x256x256``), of
    Table 1 by data set (``UCF101``, ``RealEstate10K``), in both the speed stage's under ``speed``.
    What was not measured is left out, and is a dash."""
    latent: str = ""
    """``tTsScC``, if known."""


def write_tables(
    folder: Path,
    *,
    title: str,
    kind: Kind,
    subjects: Sequence[TableSubject],
    stand_ins: Sequence[str] = (),
    remarks: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> Path:
    """Write ``table.md``, ``table.tex``, ``table.json`` and ``index.html``; the page's path.

    Columns read ``rfvd psnr ssim lpips`` (Table 2) or ``fvd kvd``, ``is_c3d_ucf101`` and
    ``is_i3d_k400`` (Table 1) among the metrics of each size or data set; ``ispeed tspeed
    tspeed_cached`` (steps a second) and ``imem tmem tmem_cached`` (bytes) among the ``times`` of
    ``speed``; ``parameters`` among the metrics of any. A column that no row and no reference row
    has is left out. Where protocols differ, the columns that depend on it are marked and have no
    best, and a footnote says what differs.

    Args:
        folder: where the files are written, over older ones.
        title: above the table.
        kind: ``reconstruction`` is Table 2, ``generation`` Table 1.
        subjects: rows from top to bottom.
        stand_ins: data sets of the paper that other clips stand in for. The paper's figures are
            then a table of their own.
        remarks: sentences below the table, such as which weights are missing.
        sections: further parts of the page, below the table.

    Raises:
        ConfigError: for a file that is not there or not of this version's form.
    """
    context = Context(kind=kind, title=title, stand_ins=tuple(stand_ins), remarks=tuple(remarks))
    rows = [
        ScoredSubject(
            name=subject.name,
            latent=subject.latent,
            found={source: read_results(path) for source, path in subject.results.items()},
        )
        for subject in subjects
    ]
    made = tables(context, rows)
    grids = [upright(table) for table in made]
    write_text(folder / "table.md", "\n".join(map(markdown_table, grids)))
    write_text(folder / "table.tex", "\n".join(map(latex_table, grids)))
    write_json(folder / "table.json", {"title": title, "tables": [plain(table) for table in made]})
    table = Section(key="table", head="Table", body=html_tables(made))
    page = shell([table, *sections], title=title, heading=title)
    write_text(folder / "index.html", page)
    return folder / "index.html"


def html_tables(made: Sequence[Table]) -> str:
    """Tables one below the other."""
    return "".join(html_table(upright(table), look=["upright"]) for table in made)


def plain(table: Table) -> dict[str, Any]:
    """A table as data: every value, with its interval and mark."""
    return {
        "columns": [
            {
                "title": score.title,
                "group": score.group,
                "unit": score.unit,
                "better": score.better,
                "differences": list(notes),
            }
            for score, notes in zip(table.scores, table.column_notes, strict=True)
        ],
        "rows": [
            {
                "name": row.subject.name,
                "latent": row.subject.latent,
                "reference": row.subject.reference,
                "cells": [
                    {
                        "value": cell.value,
                        "text": cell.text,
                        "interval": cell.interval,
                        "mark": cell.rank,
                        "notes": [note for note in (cell.beside, cell.note) if note],
                    }
                    for cell in row.cells
                ],
            }
            for row in table.rows
        ],
        "remarks": list(table.remarks),
    }
