"""A grid as a LaTeX table, with booktabs, xcolor and adjustbox."""

import re

from pvvae.report.formats.grid import Grid, Line, Slot
from pvvae.report.formats.text import first_reference

ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "[": "{[}",  # behind the end of a line it would be an argument
    "]": "{]}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "–": "--",
    "—": "---",
    "’": "'",
    "…": r"\ldots{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "²": r"$^2$",
}
"""What LaTeX would read as markup, or has another way to print."""
PREAMBLE = r"% \usepackage{adjustbox,booktabs,xcolor}"


def latex_table(grid: Grid) -> str:
    """A ``table*``, no wider than the page."""
    columns = "l" * grid.num_labels + "r" * (len(grid.head.slots) - grid.num_labels)
    body = [_row(line) for line in grid.lines]
    first = first_reference(grid.lines)
    if first is not None:
        above = rf"\multicolumn{{{len(columns)}}}{{l}}{{{_grey(escaped(grid.references))}}} \\"
        body[first:first] = [r"\midrule", *([above] if grid.references else [])]
    return "\n".join(
        [
            PREAMBLE,
            r"\begin{table*}",
            r"\centering",
            *([rf"\caption{{{escaped(grid.title)}}}"] if grid.title else []),
            r"\begin{adjustbox}{max width=\textwidth}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *_groups(grid),
            _row(grid.head),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{adjustbox}",
            *_below(grid),
            r"\end{table*}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def _groups(grid: Grid) -> list[str]:
    """Group titles over their columns, and a rule below each."""
    if not grid.groups:
        return []
    cells, rules, column = [], [], 1
    for text, span in grid.groups:
        cells.append(
            rf"\multicolumn{{{span}}}{{c}}{{{_sizes(escaped(text))}}}" if text else "&" * (span - 1)
        )
        if text:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [f"{' & '.join(cells)} \\\\", " ".join(rules)]


def _sizes(text: str) -> str:
    """``17x256x256`` with real crosses."""
    return re.sub(r"(?<=\d)x(?=\d)", lambda _: r"$\times$", text)


def _row(line: Line) -> str:
    cells = [_slot(slot) for slot in line.slots]
    return f"{' & '.join(_grey(cell) if line.grey else cell for cell in cells)} \\\\"


def _slot(slot: Slot) -> str:
    text = re.sub(r"^-(?=[\d.])", "$-$", escaped(slot.text))
    text = {"best": rf"\textbf{{{text}}}", "second": rf"\underline{{{text}}}", None: text}[
        slot.rank
    ]
    unit = f" ({escaped(slot.unit)})" if slot.unit else ""
    arrow = f" {escaped(slot.arrow)}" if slot.arrow else ""
    aside = " ".join(part for part in (slot.interval, slot.beside) if part)
    small = rf" {{\scriptsize {escaped(aside)}}}" if aside else ""
    marks = rf"\textsuperscript{{{','.join(slot.marks)}}}" if slot.marks else ""
    return f"{text}{unit}{arrow}{small}{marks}"


def _grey(text: str) -> str:
    return rf"\textcolor{{gray}}{{{text}}}"


def _below(grid: Grid) -> list[str]:
    notes = [rf"\textsuperscript{{{letter}}} {escaped(note)}" for letter, note in grid.notes]
    lines = [*notes, *map(escaped, grid.remarks)]
    if not lines:
        return []
    paragraphs = " \\par\n".join(_sizes(line) for line in lines)
    return [rf"\par\smallskip\raggedright\footnotesize {paragraphs}"]
