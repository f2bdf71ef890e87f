"""Tables 1 and 2 of what was measured here, and the paper's own figures beside them in grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pvvae.metrics.score_catalog import GIB
from pvvae.report.tables import paper
from pvvae.report.tables.columns import SPEED, columns
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.protocols import by_score, described, in_words, way_of_speed
from pvvae.report.tables.scores import Found, at
from pvvae.report.tables.table import ScoredSubject, Table, make_table

INFERRED = (
    "TSpeed and TMem are of Latte's whole training step, the frozen encoder in it. The paper does "
    "not say what its step holds; this is inferred from its figures, which between VAEs of equal "
    "latents differ by 3.3 times (2.52 against 0.76 it/s), as the denoiser alone cannot."
)
"""Below a table with these columns."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a table says of itself."""

    kind: Kind
    title: str = ""
    stand_ins: tuple[str, ...] = ()
    """Data sets of the paper that others stand in for."""
    remarks: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    """What else keeps the paper's figures from being held against these."""


def tables(context: Context, subjects: Sequence[ScoredSubject]) -> list[Table]:
    """Ours with the paper's rows below; or the paper's in a table of their own.

    They share columns only where sizes or data sets are the paper's. Reference rows take no part in
    what is best, and say why they cannot be compared, if they cannot.
    """
    groups = list(dict.fromkeys(g for s in subjects for g in s.found if g != SPEED))
    scores = columns(context.kind, groups)
    named = [(subject.name, subject.found) for subject in subjects]
    gaps = _gaps(context, subjects, groups)
    heading = _heading(context.kind, gaps)
    beside = not context.stand_ins and (
        not groups or bool(set(groups) & set(_groups(context.kind)))
    )
    own = make_table(
        scores,
        [*subjects, *(references(context.kind) if beside else ())],
        title=context.title,
        differences=by_score(scores, named),
        remarks=(*context.remarks, *_inferred(context.kind), *described(named)),
        references=heading,
    )
    if beside:
        return [own]
    printed = columns(context.kind, _groups(context.kind))
    return [own, make_table(printed, references(context.kind), references=heading)]


def _inferred(kind: Kind) -> tuple[str, ...]:
    return (INFERRED,) if kind == "generation" else ()


def references(kind: Kind) -> list[ScoredSubject]:
    """The paper's rows, in the form of results."""
    return [
        ScoredSubject(name=row.name, latent=row.latent, found=_found(kind, row), reference=True)
        for row in paper.ROWS[kind]
    ]


def _found(kind: Kind, row: paper.Printed) -> Found:
    found: dict[str, dict[str, Any]] = {}
    for group, figures in paper.figures(kind, row).items():
        bytes_of = {k: v / GIB if k.endswith("mem") else v for k, v in figures.items()}
        metrics, times = ({}, bytes_of) if group == SPEED else (figures, {})
        found[group] = {
            "metrics": {name: {"value": value} for name, value in metrics.items()},
            "times": times,
        }
    found[SPEED]["metrics"]["parameters"] = {"value": paper.parameters(row.name)}
    return found


def _groups(kind: Kind) -> list[str]:
    return [group for group in dict.fromkeys(g for g, _ in paper.COLUMNS[kind]) if group != SPEED]


def _heading(kind: Kind, gaps: Sequence[str]) -> str:
    table = paper.NUMBER[kind]
    what = (
        f"Table {table} of the paper ({paper.DATA[kind]}, {paper.CLIPS:,} clips; "
        f"speed on one {paper.GPU}, batch {paper.BATCH})"
    )
    return f"{what}; not comparable: above are {', '.join(gaps)}" if gaps else what


def _gaps(context: Context, subjects: Sequence[ScoredSubject], groups: Sequence[str]) -> list[str]:
    """Why the paper's figures are not to be held against these."""
    gaps = [f"other clips in place of {', '.join(context.stand_ins)}"] if context.stand_ins else []
    gaps += [*context.apart, *(group for group in groups if group not in _groups(context.kind))]
    counts = {
        count
        for subject in subjects
        for group in groups
        if (count := _clips(subject.found, group)) not in (None, paper.CLIPS)
    }
    gaps += [f"{count:,} clips" for count in sorted(counts)]
    ways = {way for subject in subjects if (way := _other_speed(subject.found))}
    return [*gaps, *(f"speed on {way}" for way in sorted(ways))]


def _clips(found: Found, group: str) -> int | None:
    counts = at(group, "counts")(found) or {}
    count = counts.get("samples", counts.get("clips"))
    return int(count) if isinstance(count, int) else None


def _other_speed(found: Found) -> str:
    """How speed was measured, if it was and not as in the paper."""
    way = way_of_speed(found, SPEED)
    device, batch, size = (way.get(key) for key in ("device", "batch", "size"))
    as_paper = paper.GPU in str(device).split() and (batch, size) == (paper.BATCH, paper.SIZE)
    return "" if as_paper else in_words(way)
