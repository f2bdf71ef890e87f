"""A grid as HTML that takes its looks from the page's style sheet."""

import re
from collections.abc import Sequence
from html import escape

from pvvae.report.formats.grid import Grid, Line, Slot
from pvvae.report.formats.text import first_reference


def html_table(grid: Grid, *, look: Sequence[str] = ()) -> str:
    """The table with its footnotes; the title is the page's to write.

    Args:
        grid: what is written.
        look: classes of the table.
    """
    body = [_line(line, grid) for line in grid.lines]
    first = first_reference(grid.lines)
    if first is not None and grid.references:
        above = f'<th colspan="{len(grid.head.slots)}">{printed(grid.references)}</th>'
        body.insert(first, f'<tr class="reference above">{above}</tr>')
    head = "".join(
        f"<th{_word(i, grid)}>{_slot(slot)}</th>" for i, slot in enumerate(grid.head.slots)
    )
    notes = "".join(f"<li><sup>{letter}</sup> {printed(note)}</li>" for letter, note in grid.notes)
    listed = f'<ul class="notes">{notes}</ul>' if notes else ""
    remarks = "".join(f'<p class="caption">{printed(remark)}</p>' for remark in grid.remarks)
    return (
        f'<div class="wide"><table class="{" ".join(["measured", *look])}"><thead>{_groups(grid)}'
        f"<tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{listed}{remarks}"
    )


def _groups(grid: Grid) -> str:
    cells = "".join(
        f'<th class="group" colspan="{span}">{printed(text)}</th>' if text else "<td></td>" * span
        for text, span in grid.groups
    )
    return f"<tr>{cells}</tr>" if cells else ""


def _line(line: Line, grid: Grid) -> str:
    cells = "".join(
        f"<td{_looks(slot) or _word(i, grid)}>{_slot(slot)}</td>"
        for i, slot in enumerate(line.slots[1:], start=1)
    )
    row = '<tr class="reference">' if line.grey else '<tr class="time">' if line.timed else "<tr>"
    return f"{row}<th>{_slot(line.slots[0])}</th>{cells}</tr>"


def _looks(slot: Slot) -> str:
    classes = [*([slot.rank] if slot.rank else []), *(["time"] if slot.timed else [])]
    return f' class="{" ".join(classes)}"' if classes else ""


def _word(column: int, grid: Grid) -> str:
    return ' class="word"' if column < grid.num_labels else ""


def _slot(slot: Slot) -> str:
    text = f"<span>{printed(slot.text)}</span>" if slot.text else ""
    if slot.colour is not None:
        text = f'<b class="name b{slot.colour}">{escape(slot.text)}</b>'
    arrow = f'&nbsp;<i class="arrow">{slot.arrow}</i>' if slot.arrow else ""
    marks = f"<sup>{','.join(slot.marks)}</sup>" if slot.marks else ""
    interval = f'<small class="interval">{printed(slot.interval)}</small>' if slot.interval else ""
    asides = "".join(f"<small>{printed(part)}</small>" for part in (slot.unit, slot.beside) if part)
    return f"{text}{arrow}{marks}{interval}{asides}"


def printed(text: str) -> str:
    """Escaped, with real minus signs and crosses."""
    text = re.sub(r"(?<![\w-])-(?=[\d.])", "−", escape(text))
    return re.sub(r"(?<=\d)x(?=\d)", " × ", text)
