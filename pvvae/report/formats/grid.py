"""A table as it is laid out: lines of slots and footnotes, the same for every format."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pvvae.report.tables.scores import Score
from pvvae.report.tables.table import Rank, Table, TableCell

ABSENT = "–"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One place in a grid."""

    text: str = ""
    arrow: str = ""
    unit: str = ""
    interval: str = ""
    beside: str = ""
    marks: tuple[str, ...] = ()
    """Letters of its footnotes."""
    rank: Rank | None = None
    colour: int | None = None
    """Number of the colour of a subject's name on the page."""
    timed: bool = False
    """Whether it depends on the clock."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of a grid."""

    slots: tuple[Slot, ...]
    grey: bool = False
    timed: bool = False


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a format writes, in this order."""

    title: str
    groups: tuple[tuple[str, int], ...]
    """Text above columns and how many it spans, from the left; empty where nothing is grouped."""
    head: Line
    lines: tuple[Line, ...]
    """Reference lines last."""
    num_labels: int
    """Columns of words, on the left."""
    references: str
    """Stands above the grey lines."""
    notes: tuple[tuple[str, str], ...]
    """Letters and footnotes."""
    remarks: tuple[str, ...]


@dataclass(kw_only=True)
class Footnotes:
    """Letters in the order in which notes are met; equal notes share one."""

    letters: dict[str, str] = field(default_factory=dict)

    def marks(self, notes: Sequence[str]) -> tuple[str, ...]:
        for note in notes:
            count = len(self.letters)
            self.letters.setdefault(note, LETTERS[count % 26] * (1 + count // 26))
        return tuple(dict.fromkeys(self.letters[note] for note in notes))

    def listed(self) -> tuple[tuple[str, str], ...]:
        return tuple((letter, note) for note, letter in self.letters.items())


def upright(table: Table) -> Grid:
    """A row a subject, as the paper's tables are."""
    footnotes = Footnotes()
    common = [_common_notes(table, i) for i in range(len(table.scores))]
    latent = any(row.subject.latent for row in table.rows)
    head = [Slot(text="Method"), *([Slot(text="Latent")] if latent else [])]
    for score, own, shared in zip(table.scores, table.column_notes, common, strict=True):
        head.append(_title(score, score.title, footnotes.marks([*own, *shared])))
    lines = []
    for row in table.rows:
        name = Slot(text=row.subject.name, colour=row.subject.colour)
        slots = [name, *([Slot(text=row.subject.latent or ABSENT)] if latent else [])]
        for score, cell, shared in zip(table.scores, row.cells, common, strict=True):
            notes = [note for note in _notes(cell) if note not in shared]
            slots.append(replace(_value(cell, footnotes.marks(notes)), timed=score.timed))
        lines.append(Line(slots=tuple(slots), grey=row.subject.reference))
    return Grid(
        title=table.title,
        groups=_groups(table.scores, num_labels=1 + latent),
        head=Line(slots=tuple(head)),
        lines=tuple(lines),
        num_labels=1 + latent,
        references=table.references,
        notes=footnotes.listed(),
        remarks=table.remarks,
    )


def sideways(table: Table, *, inline: bool = False) -> Grid:
    """A row a score: for few subjects and many scores. Reference rows are left out.

    Args:
        table: what is laid out.
        inline: whether clips and floors stand beside their values, in place of footnotes.
    """
    footnotes = Footnotes()
    rows = [row for row in table.rows if not row.subject.reference]
    lines = []
    for i, score in enumerate(table.scores):
        common = [
            note
            for note in _common_notes(table, i)
            if not inline or all(note != row.cells[i].beside for row in rows)
        ]
        marks = footnotes.marks([*table.column_notes[i], *common])
        slots = [_title(score, score.name, marks)]
        for cell in (row.cells[i] for row in rows):
            aside = (*common, *([cell.beside] if inline else []))
            notes = [note for note in _notes(cell) if note not in aside]
            slots.append(_value(cell, footnotes.marks(notes), beside=cell.beside if inline else ""))
        if any(row.cells[i].text for row in rows):
            lines.append(Line(slots=tuple(slots), timed=score.timed))
    names = [Slot(text=row.subject.name, colour=row.subject.colour) for row in rows]
    return Grid(
        title=table.title,
        groups=(),
        head=Line(slots=(Slot(), *names)),
        lines=tuple(lines),
        num_labels=1,
        references="",
        notes=footnotes.listed(),
        remarks=table.remarks,
    )


def _title(score: Score, text: str, marks: tuple[str, ...]) -> Slot:
    return Slot(text=text, arrow=score.arrow, unit=score.unit, marks=marks)


def _value(cell: TableCell, marks: tuple[str, ...], *, beside: str = "") -> Slot:
    return Slot(
        text=cell.text or ABSENT,
        interval=cell.interval,
        beside=beside,
        marks=marks,
        rank=cell.rank,
    )


def _notes(cell: TableCell) -> list[str]:
    """Evaluations join notes by semicolons; apart, values share those that they have in common."""
    return [note for note in (cell.beside, *cell.note.split("; ")) if note]


def _common_notes(table: Table, column: int) -> list[str]:
    """Notes of every value measured in a column: they stand at its head, once."""
    cells = [row.cells[column] for row in table.rows if not row.subject.reference]
    lists = [_notes(cell) for cell in cells if cell.text]
    return [note for note in lists[0] if all(note in other for other in lists)] if lists else []


def _groups(scores: Sequence[Score], *, num_labels: int) -> tuple[tuple[str, int], ...]:
    spans: list[tuple[str, int]] = [("", num_labels)]
    for score in scores:
        text, span = spans[-1]
        if score.group == text:
            spans[-1] = (text, span + 1)
        else:
            spans.append((score.group, 1))
    return tuple(spans) if any(text for text, _ in spans) else ()
