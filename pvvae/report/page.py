"""The page: one file that needs nothing else."""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from pvvae.files import write_text
from pvvae.report import colophon, sections
from pvvae.report.findings import Group, find_groups
from pvvae.report.scores import SCORES, Score
from pvvae.report.summary import name, results_of, summary

VOID = frozenset(("br", "img", "meta", "link", "hr", "input", "source", "wbr", "col"))
"""Elements without an end tag that a page may hold."""

HEADLINES = ("PSNR", "Prediction against repeating", "gFVD")
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


def _page(groups: Sequence[Group], title: str) -> str:
    style = (Path(__file__).parent / "page.css").read_text()
    parts = [
        ("comparison", "Comparison", "", sections.comparison_table(groups)),
        (
            "predictions",
            "Predicted futures",
            "The encoder sees the first frames only; the decoder makes the whole clip. "
            "Amber marks what it had to predict.",
            sections.predictions(groups),
        ),
        (
            "reconstructions",
            "Reconstructions",
            "Held-out clips, seen whole by the encoder.",
            sections.reconstructions(groups),
        ),
        (
            "samples",
            "Samples",
            "Noise, turned into latents by Latte and into video by the decoder.",
            sections.samples(groups),
        ),
        ("curves", "Curves", "", sections.plots(groups)),
        ("runs", "Runs", "", _colophon(groups)),
    ]
    shown = [(key, head, lead, body) for key, head, lead, body in parts if body]
    links = "".join(f'<a href="#{key}">{head}</a>' for key, head, _, _ in shown)
    main = "\n".join(_section(*part) for part in shown)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>PV-VAE: {escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<nav><div><b>PV-VAE</b>{links}</div></nav>\n<main>\n<header>"
        f"<h1><small>{escape(title)}</small>Video generation with predictive latents</h1>"
        f'<div class="lead">{summary(groups)}</div>{colophon.incomplete(groups)}'
        f"{_headlines(groups)}</header>\n{main}\n</main>\n</body>\n</html>\n"
    )


def _section(key: str, head: str, lead: str, body: str) -> str:
    under = f'<p class="under">{escape(lead)}</p>' if lead else ""
    return f'<section id="{key}"><h2>{escape(head)}</h2>{under}{body}</section>'


def _headlines(groups: Sequence[Group]) -> str:
    chosen = [score for title in HEADLINES for score in SCORES if score.title == title]
    cards = []
    for group in groups:
        tiles = "".join(_tile(score, group) for score in chosen)
        if tiles:
            cards.append(
                f'<div class="headline c{group.colour}"><h3>{name(group)}</h3>{tiles}</div>'
            )
    return f'<div class="grid headlines">{"".join(cards)}</div>' if cards else ""


def _tile(score: Score, group: Group) -> str:
    results = results_of(group)
    if score.value(results) is None:
        return ""
    note = score.note(results)
    words = {"Prediction against repeating": "error against repeating the last frame"}
    small = f"<small>{escape(note)}</small>" if note else ""
    return (
        f'<div class="tile"><b>{sections.printed(score, results)}<i>{escape(score.unit)}</i></b>'
        f"<span>{escape(words.get(score.title, score.title))} {score.arrow}</span>{small}</div>"
    )


def _colophon(groups: Sequence[Group]) -> str:
    return (
        f"{colophon.states(groups)}<h3>Configuration and commands</h3>"
        f"{colophon.configurations(groups)}<h3>Versions</h3>{colophon.versions(groups)}"
    )
