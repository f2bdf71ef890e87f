"""The page about probes with a trained head, and the files beside it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from pvvae.data.video.video import Frames
from pvvae.files import write_text
from pvvae.probes.trained import ProbedSource, ProbeQuestion
from pvvae.report.formats.grid import upright
from pvvae.report.formats.html import html_table
from pvvae.report.formats.latex import latex_table
from pvvae.report.formats.markdown import markdown_table
from pvvae.report.formats.text import text_table
from pvvae.report.html_shell import Section, shell
from pvvae.report.probes.pictures import answer_pictures
from pvvae.report.probes.table import probe_table
from pvvae.report.runs import film

PAGE, MARKDOWN, LATEX = "index.html", "table.md", "table.tex"
HEADINGS = {
    "flow": "What features know of motion",
    "next-frame": "What features know of the next frame",
}
TITLES = {
    "flow": "Optical flow read off frozen features",
    "next-frame": "The next frame read off frozen features",
}


def write_page(
    found: Sequence[ProbedSource], question: ProbeQuestion, out: Path
) -> tuple[str, Path]:
    """Write OUT/index.html, OUT/table.md and OUT/table.tex; the table as text, and the page.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    name = question.task.name
    grid = upright(probe_table(found, title=TITLES[name]))
    sections = [
        Section(
            key="table",
            head="Numbers",
            body=html_table(grid, look=["upright"]),
            lead="A small network of 3D convolutions and pixel shuffle learns to answer from "
            "features that stay as they are; in grey, answers that need none.",
        ),
        Section(key="answers", head="Answers", body=_cards(found, question)),
        Section(key="sweep", head="Blocks and noise", body="".join(map(_sweep, found))),
    ]
    text = shell(
        sections,
        title=f"probe {name}",
        over=", ".join(one.label for one in found),
        heading=HEADINGS[name],
        header=f'<div class="lead"><p>{_lead(found[0])}</p></div>',
    )
    write_text(out / MARKDOWN, markdown_table(grid))
    write_text(out / LATEX, latex_table(grid))
    write_text(out / PAGE, text)
    return text_table(grid), out / PAGE


def _lead(one: ProbedSource) -> str:
    protocol = one.results.protocol
    return escape(
        f"{one.results.counts['clips']:,} clips of {protocol['size']} that no head has learned "
        f"from: {protocol['task']}."
    )


def _cards(found: Sequence[ProbedSource], question: ProbeQuestion) -> str:
    cards = []
    for number in range(len(found[0].answers)):
        columns = answer_pictures(found, question, number)
        captions = "".join(f"<span>{escape(words)}</span>" for words, _ in columns)
        picture = _beside([frame for _, frame in columns])
        cards.append(
            f'<figure class="card"><img src="{film.picture_uri(picture)}" '
            f'width="{picture.shape[1]}" height="{picture.shape[0]}" '
            f'alt="{escape(question.test.title(number))}">'
            f'<figcaption class="row">{captions}</figcaption></figure>'
        )
    return f'<div class="grid pairs">{"".join(cards)}</div>' if cards else ""


def _beside(frames: Sequence[Frames]) -> Frames:
    clips = [film.enlarged(np.ascontiguousarray(one[None])) for one in frames]
    row: Frames = film.beside(clips)[0]
    return row


def _sweep(one: ProbedSource) -> str:
    """Errors by block and noise on the clips to choose by, darker where they are smaller."""
    cells = one.results.facts.get("sweep")
    if not cells:
        return ""
    errors = {(cell["block"], cell["time"]): cell["error"] for cell in cells}
    low, high = min(errors.values()), max(errors.values())
    blocks, times = (sorted({key[place] for key in errors}) for place in (0, 1))
    head = "".join(f"<th>noise {time:g}</th>" for time in times)
    rows = "".join(
        f"<tr><th>block {block}</th>"
        + "".join(_cell(errors[block, time], low=low, high=high) for time in times)
        + "</tr>"
        for block in blocks
    )
    return (
        f'<h3>{escape(one.label)}</h3><div class="wide"><table class="measured upright"><thead><tr>'
        f"<th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="caption">Error of the first head on clips that choose and fit no head; the '
        "smallest stands in the table above.</p>"
    )


def _cell(error: float, *, low: float, high: float) -> str:
    share = round(45 * (high - error) / (high - low)) if high > low else 0
    ground = f"background: color-mix(in srgb, var(--b0) {share}%, var(--card))"
    best = ' class="best"' if error == low else ""
    return f'<td{best} style="{ground}"><span>{error:.4g}</span></td>'
