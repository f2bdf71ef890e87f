"""A grid as a Markdown table, whose few tags GitHub and most others show."""

import re

from pvvae.report.formats.grid import Grid, Line, Slot
from pvvae.report.formats.text import first_reference

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|])")
"""What Markdown would read as markup inside a cell."""


def markdown_table(grid: Grid) -> str:
    """One header line, groups before the titles of their columns: Markdown has no spans."""
    groups = [text for text, span in grid.groups for _ in range(span)]
    groups = groups or [""] * len(grid.head.slots)
    head = [_head(slot, group) for slot, group in zip(grid.head.slots, groups, strict=True)]
    rule = [":--" if i < grid.num_labels else "--:" for i in range(len(head))]
    body = [_row(_line(line)) for line in grid.lines]
    first = first_reference(grid.lines)
    if first is not None and grid.references:
        above = [f"*{escaped(grid.references)}*", *[""] * (len(head) - 1)]
        body.insert(first, _row(above))
    lines = [*([f"**{escaped(grid.title)}**", ""] if grid.title else []), _row(head), _row(rule)]
    lines += body
    notes = [f"<sup>{letter}</sup> {escaped(note)}" for letter, note in grid.notes]
    for paragraph in (*notes, *map(escaped, grid.remarks)):
        lines += ["", paragraph]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return SPECIAL.sub(r"\\\1", text)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(slot: Slot, group: str) -> str:
    unit = f"({slot.unit})" if slot.unit else ""
    words = [escaped(word) for word in (group, slot.text, unit) if word]
    return " ".join([*words, *([slot.arrow] if slot.arrow else [])]) + _marks(slot)


def _line(line: Line) -> list[str]:
    cells = [_head(line.slots[0], ""), *map(_value, line.slots[1:])]
    return [f"*{cell}*" if line.grey else cell for cell in cells]


def _value(slot: Slot) -> str:
    text = escaped(slot.text.replace("-", "−"))
    text = {"best": f"**{text}**", "second": f"<ins>{text}</ins>", None: text}[slot.rank]
    interval = f" <sub>{escaped(slot.interval.replace('-', '−'))}</sub>" if slot.interval else ""
    beside = f" ({escaped(slot.beside)})" if slot.beside else ""
    return text + interval + beside + _marks(slot)


def _marks(slot: Slot) -> str:
    return f"<sup>{','.join(slot.marks)}</sup>" if slot.marks else ""
