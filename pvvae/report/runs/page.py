"""The page: one file that needs nothing else."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from pvvae.files import write_text
from pvvae.report.html_shell import Section, shell
from pvvae.report.runs import measurements, provenance
from pvvae.report.runs import sections as clips
from pvvae.report.runs.run_records import RunGroup, find_groups
from pvvae.report.runs.summary import name, results_of, summary
from pvvae.report.tables.run_scores import SCORES
from pvvae.report.tables.scores import Found, Score

HEADLINES = ("PSNR", "Prediction against repeating", "FVD")
"""Scores that stand at the top."""


def build_report(runs: Path, out: Path) -> Path:
    """Write OUT/index.html about every run below ``runs``, finished or not; its path.

    The same runs give the same page, byte for byte, but for elements of class ``time``.

    Raises:
        ConfigError: if ``runs`` holds no run folder.
    """
    path = out / "index.html"
    write_text(path, report_page(runs))
    return path


def report_page(runs: Path) -> str:
    """The page as HTML, which holds all that it shows.

    Raises:
        ConfigError: if ``runs`` holds no run folder.
    """
    groups, title = find_groups(runs), runs.resolve().name
    sections = [
        Section(key="comparison", head="Comparison", body=measurements.comparison_table(groups)),
        Section(
            key="paper",
            head="Beside the paper",
            lead="Tables 1 and 2 of these runs, and in grey the paper's own figures.",
            body=measurements.paper_tables(groups),
        ),
        Section(
            key="predictions",
            head="Predicted futures",
            lead="The encoder sees the first frames only; the decoder makes the whole clip. "
            "Amber marks what it had to predict.",
            body=clips.predictions(groups),
        ),
        Section(
            key="reconstructions",
            head="Reconstructions",
            lead="Held-out clips, seen whole by the encoder.",
            body=clips.reconstructions(groups),
        ),
        Section(
            key="samples",
            head="Samples",
            lead="Noise, turned into latents by Latte and into video by the decoder.",
            body=clips.samples(groups),
        ),
        Section(key="curves", head="Curves", body=clips.plots(groups)),
        Section(key="runs", head="Runs", body=_colophon(groups)),
    ]
    return shell(
        sections,
        title=title,
        over=title,
        heading="Video generation with predictive latents",
        header=f'<div class="lead">{summary(groups)}</div>{provenance.incomplete(groups)}'
        f"{_headlines(groups)}",
    )


def _headlines(groups: Sequence[RunGroup]) -> str:
    chosen = [score for title in HEADLINES for score in SCORES if score.title == title]
    cards = []
    for group in groups:
        tiles = "".join(_tile(score, results_of(group)) for score in chosen)
        if tiles:
            cards.append(
                f'<div class="headline c{group.colour}"><h3>{name(group)}</h3>{tiles}</div>'
            )
    return f'<div class="grid headlines">{"".join(cards)}</div>' if cards else ""


def _tile(score: Score, found: Found) -> str:
    text = score.text(found).replace("-", "−")
    if not text:
        return ""
    beside = score.beside(found)
    words = {"Prediction against repeating": "error against repeating the last frame"}
    small = f"<small>{escape(beside)}</small>" if beside else ""
    return (
        f'<div class="tile"><b>{text}<i>{escape(score.unit)}</i></b>'
        f"<span>{escape(words.get(score.title, score.title))} {score.arrow}</span>{small}</div>"
    )


def _colophon(groups: Sequence[RunGroup]) -> str:
    return (
        f"{provenance.states(groups)}<h3>Configuration and commands</h3>"
        f"{provenance.configurations(groups)}<h3>Versions</h3>{provenance.versions(groups)}"
    )
