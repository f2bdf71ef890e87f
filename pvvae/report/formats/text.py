"""A grid as plain text: ``*`` marks the best, ``+`` the second."""

from pvvae.report.formats.grid import Grid, Line, Slot

MARKS = {"best": "*", "second": "+", None: ""}


def text_table(grid: Grid) -> str:
    """Aligned columns, words to the left and numbers to the right, then the footnotes."""
    rows = [[_shown(slot) for slot in line.slots] for line in (grid.head, *grid.lines)]
    ends = [[_end(slot) for slot in line.slots] for line in (grid.head, *grid.lines)]
    columns = range(len(grid.head.slots))
    tails = [max(len(row[i]) for row in ends) for i in columns]
    cells = [
        [cell + end.ljust(tail) for cell, end, tail in zip(row, end_row, tails, strict=True)]
        for row, end_row in zip(rows, ends, strict=True)
    ]
    widths = [max(len(row[i]) for row in cells) for i in columns]
    written = [
        "  ".join(
            cell.rstrip().ljust(width) if i < grid.num_labels else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body = _with_references(grid, written[1:])
    lines = [*([grid.title, ""] if grid.title else []), *_groups(grid, widths)]
    lines += [written[0], rule, *body, *_below(grid)]
    return "\n".join(lines)


def _shown(slot: Slot) -> str:
    words = [slot.text, f"({slot.unit})" if slot.unit else "", slot.arrow]
    return " ".join(word for word in words if word)


def _end(slot: Slot) -> str:
    """What hangs behind a value without moving its digits."""
    interval = f" {slot.interval}" if slot.interval else ""
    marks = f"[{','.join(slot.marks)}]" if slot.marks else ""
    return f"{MARKS[slot.rank]}{interval}{marks}"


def _groups(grid: Grid, widths: list[int]) -> list[str]:
    if not grid.groups:
        return []
    parts, column = [], 0
    for text, span in grid.groups:
        width = sum(widths[column : column + span]) + 2 * (span - 1)
        parts.append(text.center(width))
        column += span
    return ["  ".join(parts).rstrip()]


def _with_references(grid: Grid, written: list[str]) -> list[str]:
    first = first_reference(grid.lines)
    if first is None:
        return written
    return [*written[:first], "", grid.references, *written[first:]]


def first_reference(lines: tuple[Line, ...]) -> int | None:
    """Number of the first grey line, None if there is none."""
    return next((i for i, line in enumerate(lines) if line.grey), None)


def _below(grid: Grid) -> list[str]:
    ranks = {slot.rank for line in grid.lines for slot in line.slots} - {None}
    legend = ["* best, + second"] if ranks else []
    notes = [f"[{letter}] {note}" for letter, note in grid.notes]
    lines = [*legend, *notes, *grid.remarks]
    return ["", *lines] if lines else []
