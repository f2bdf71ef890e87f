"""A table of what was measured: rows of subjects, columns of scores, the best of each marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pvvae.report.tables.scores import Found, Score

Rank = Literal["best", "second"]


@dataclass(frozen=True, kw_only=True)
class ScoredSubject:
    """A subject with what was found of it."""

    name: str
    found: Found
    latent: str = ""
    """``tTsScC``; empty where it is not known."""
    reference: bool = False
    """Whether it was not measured here: in grey, and without marks."""
    colour: int | None = None
    """Number of its colour on the page."""


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """A value as it is shown; ``text`` is empty where there is none."""

    text: str = ""
    value: float | None = None
    interval: str = ""
    beside: str = ""
    """Clips and floor of an FVD."""
    note: str = ""
    rank: Rank | None = None


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One subject."""

    subject: ScoredSubject
    cells: tuple[TableCell, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """What every format is written from."""

    title: str
    scores: tuple[Score, ...]
    rows: tuple[TableRow, ...]
    column_notes: tuple[tuple[str, ...], ...]
    """Notes of each column on how the protocols of its values differ."""
    remarks: tuple[str, ...] = ()
    """Sentences below the table."""
    references: str = ""
    """What stands above the reference rows."""


def make_table(
    scores: Sequence[Score],
    subjects: Sequence[ScoredSubject],
    *,
    title: str = "",
    differences: Mapping[str, Sequence[str]] | None = None,
    remarks: Sequence[str] = (),
    references: str = "",
) -> Table:
    """The table of all scores that any subject has.

    Args:
        scores: its columns, from left to right.
        subjects: its rows; reference rows are moved to the end.
        title: above the table.
        differences: of a score (by ``Score.key``), how the protocols of its values differ. Such a
            column is marked, and has no best.
        remarks: below the table.
        references: above the reference rows.
    """
    differing = differences or {}
    rows = sorted(subjects, key=lambda subject: subject.reference)
    shown = [score for score in scores if any(score.text(subject.found) for subject in rows)]
    columns = [_column(score, rows, ranked=not differing.get(score.key)) for score in shown]
    return Table(
        title=title,
        scores=tuple(shown),
        rows=tuple(
            TableRow(subject=subject, cells=tuple(column[i] for column in columns))
            for i, subject in enumerate(rows)
        ),
        column_notes=tuple(tuple(differing.get(score.key, ())) for score in shown),
        remarks=tuple(remarks),
        references=references,
    )


def _column(score: Score, subjects: Sequence[ScoredSubject], *, ranked: bool) -> list[TableCell]:
    texts = [score.text(subject.found, reference=subject.reference) for subject in subjects]
    own = ["" if subject.reference else t for subject, t in zip(subjects, texts, strict=True)]
    crowded = any(score.crowded(subject.found) for subject in subjects if not subject.reference)
    ranks = ranking(own, better=score.better) if ranked and not crowded else {}
    return [
        TableCell(
            text=text,
            value=score.value(subject.found),
            interval=score.interval(subject.found),
            beside=score.beside(subject.found) if text else "",
            note=score.note(subject.found),
            rank=ranks.get(i),
        )
        for i, (subject, text) in enumerate(zip(subjects, texts, strict=True))
    ]


def ranking(texts: Sequence[str], *, better: Literal["higher", "lower"] | None) -> dict[int, Rank]:
    """Which values are best and second, as they are printed; empty texts do not compete.

    Equal values share a rank. Where all are equal there is nothing to choose between, and none
    has a rank.
    """
    values = {i: float(text.replace(",", "")) for i, text in enumerate(texts) if text}
    steps = sorted(set(values.values()), reverse=better == "higher")
    if better is None or len(steps) < 2:
        return {}
    places: dict[float, Rank] = {steps[0]: "best", steps[1]: "second"}
    return {i: places[value] for i, value in values.items() if value in places}
