"""The page about latents, and its numbers as lines to print."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from pvvae.analysis.latents import AnalysedVAE
from pvvae.files import write_text
from pvvae.metrics.analysis_catalog import ANALYSIS, GROUPS, ExplainedScore
from pvvae.metrics.results import Value
from pvvae.report.html_shell import Section, shell
from pvvae.report.latents.pictures import Picture
from pvvae.report.latents.plots import plots
from pvvae.report.runs import film

PAGE = "index.html"
Notes = dict[str, dict[str, list[str]]]
"""What has to be said, the numbers of which it is, and of each the VAEs."""
ARROWS = {"higher": "↑", "lower": "↓", None: ""}


def write_page(found: Sequence[AnalysedVAE], made: Sequence[Picture], out: Path) -> Path:
    """Write OUT/index.html.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    labels = [one.label for one in found]
    protocol = found[0].results.protocol
    clips = found[0].results.counts["clips"]
    lead = (
        f"{clips:,} clips of {escape(str(protocol['size']))}, encoded by each VAE; latents as a "
        "denoiser meets them: drawn from the posterior, every channel with mean 0 and deviation 1. "
        f"Motion is {escape(str(protocol['flow']))}."
    )
    sections = [
        Section(
            key="colours",
            head="Latents in colours",
            body=_cards(made),
            lead="The clip, how its pixels move, and the three principal components of each VAE’s "
            "latents as red, green and blue.",
        ),
        Section(key="numbers", head="Numbers", body=_numbers(found)),
        Section(key="curves", head="Curves", body=_plots(found)),
    ]
    text = shell(
        sections,
        title="latents",
        over=", ".join(labels),
        heading="What the latents look like",
        header=f'<div class="lead"><p>{lead}</p></div>',
    )
    write_text(out / PAGE, text)
    return out / PAGE


def text_table(found: Sequence[AnalysedVAE]) -> str:
    """Lines to print."""
    rows = [["", *(one.label for one in found)]]
    for name, score in ANALYSIS.items():
        values = [one.results.metrics.get(name) for one in found]
        if any(value is not None for value in values):
            rows.append([name, *(_plain(value, score) for value in values)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _plain(value: Value | None, score: ExplainedScore) -> str:
    if value is None or value.value is None:
        return "-"
    text = format(value.value, score.entry.form)
    if value.interval is not None:
        low, high = (format(end, score.entry.form) for end in value.interval)
        text += f" ({low} to {high})"
    return text


def _cards(made: Sequence[Picture]) -> str:
    cards = []
    for picture in made:
        whole = picture.film
        height, width = whole.shape[1:3]
        captions = "".join(f"<span>{escape(label)}</span>" for label in picture.columns)
        stills = "".join(
            f'<img src="{film.picture_uri(whole[still])}" alt="frame {still + 1}">'
            for still in picture.stills
        )
        cards.append(
            f'<figure class="card"><video src="{film.video_uri(whole)}" width="{width}" '
            f'height="{height}" autoplay loop muted playsinline></video>'
            f'<figcaption class="row">{captions}</figcaption>'
            f"<details><summary>{escape(picture.title)}, frames "
            f"{' and '.join(str(still + 1) for still in picture.stills)}</summary>"
            f'<div class="stills">{stills}</div></details></figure>'
        )
    return f'<div class="grid pairs">{"".join(cards)}</div>' if cards else ""


def _numbers(found: Sequence[AnalysedVAE]) -> str:
    head = "".join(
        f'<th class="b{colour % 6}">{escape(one.label)}<small>{escape(_shape(one))}</small></th>'
        for colour, one in enumerate(found)
    )
    body, notes = [], Notes()
    for title, group in GROUPS.items():
        rows = "".join(_row(name, score, found, notes) for name, score in group.items())
        if rows:
            body.append(f'<tr><th class="name" colspan="{1 + len(found)}">{title}</th></tr>{rows}')
    listed = "".join(f"<li>{escape(line)}</li>" for line in _in_lines(notes, len(found)))
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
        '<p class="caption">In brackets 95% intervals over clips. An arrow says which way foretold '
        "better samples over image tokenizers, or which way the paper’s latents went; whether it "
        f'holds for these is not known yet.</p><ul class="notes">{listed}</ul>'
    )


def _in_lines(notes: Notes, vaes: int) -> list[str]:
    """A line a note: of which numbers it is, and of which VAEs where not of all."""
    lines = []
    for note, numbers in notes.items():
        named = [
            number if len(labels) == vaes else f"{number} ({', '.join(labels)})"
            for number, labels in numbers.items()
        ]
        lines.append(f"{'; '.join(named)}: {note}.")
    return lines


def _shape(one: AnalysedVAE) -> str:
    return " × ".join(map(str, one.results.facts["latent_shape"]))


def _row(name: str, score: ExplainedScore, found: Sequence[AnalysedVAE], notes: Notes) -> str:
    values = [one.results.metrics.get(name) for one in found]
    if not any(value is not None for value in values):
        return ""
    several = len({tuple(one.results.facts["latent_shape"]) for one in found}) > 1
    for one, value in zip(found, values, strict=True):
        if value is not None and value.note and (several or not value.note.startswith("depends")):
            labels = notes.setdefault(value.note, {}).setdefault(score.entry.label, [])
            labels.append(one.label)
    cells = "".join(f"<td>{_cell(value, score)}</td>" for value in values)
    arrow = ARROWS[score.entry.better]
    return (
        f"<tr><th>{escape(score.entry.label)} <i class='arrow'>{arrow}</i>"
        f"<br><small style='margin:0'>{escape(score.says)}</small></th>{cells}</tr>"
    )


def _cell(value: Value | None, score: ExplainedScore) -> str:
    text, *rest = _plain(value, score).replace("-", "−").split(" (", 1)
    return text + (f' <small class="interval">({rest[0]}</small>' if rest else "")


def _plots(found: Sequence[AnalysedVAE]) -> str:
    facts: Mapping[str, Mapping[str, Any]] = {one.label: one.results.facts for one in found}
    figures = "".join(
        f'<figure class="plot"><figcaption>{escape(title)}</figcaption>{svg}</figure>'
        for title, svg in plots(facts)
    )
    legend = "".join(
        f'<span class="b{colour % 6}">{escape(label)}</span>' for colour, label in enumerate(facts)
    )
    return f'<p class="legend">{legend}</p><div class="grid thirds">{figures}</div>'
