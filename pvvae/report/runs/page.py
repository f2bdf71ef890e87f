"""The page: one file that needs nothing else."""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from pvvae.files import write_text
from pvvae.report.html_shell import Section, shell
from pvvae.report.runs import measurements, provenance
from pvvae.report.runs import sections as clips
from pvvae.report.runs.run_records import RunGroup, find_groups
from pvvae.report.runs.summary import name, results_of, summary
from pvvae.report.tables.run_scores import SCORES
from pvvae.report.tables.scores import Found, Score

VOID = frozenset(("br", "img", "meta", "link", "hr", "input", "source", "wbr", "col"))
"""Elements without an end tag that a page may hold."""

HEADLINES = ("PSNR", "Prediction against repeating", "FVD")
"""Scores that stand at the top."""


def build_report(runs: Path, out: Path) -> Path:
    """Write OUT/index.html about every run below ``runs``, finished or not; its path.

    The same runs give the same page, byte for byte, but for elements of class ``time``.

    Raises:
        ConfigError: if ``runs`` holds no run folder.
    """
    groups = find_groups(runs)
    path = out / "index.html"
    write_text(path, _page(groups, runs.resolve().name))
    return path


def without_times(html: str) -> str:
    """A page without the elements that depend on the clock, for comparing two of them."""
    parser = _Timeless()
    parser.feed(html)
    parser.close()
    return "".join(parser.kept)


class _Timeless(HTMLParser):
    """Copies a page as it is written, passing over elements of class ``time``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._depth = 0
        """Open elements since one of class ``time`` began, itself included."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        timed = "time" in (dict(attrs).get("class") or "").split()
        if not (self._depth or timed):
            self.kept.append(self.get_starttag_text() or "")
        elif tag not in VOID:
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not (self._depth or "time" in (dict(attrs).get("class") or "").split()):
            self.kept.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1
        else:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._keep(f"<!{decl}>")

    def _keep(self, text: str) -> None:
        if not self._depth:
            self.kept.append(text)


def _page(groups: Sequence[RunGroup], title: str) -> str:
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
