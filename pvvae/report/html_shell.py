"""A page around its sections: one file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page, in its contents too."""

    key: str
    head: str
    body: str
    """HTML."""
    lead: str = ""
    """A sentence below the head."""


def shell(
    sections: Sequence[Section], *, title: str, heading: str, header: str = "", over: str = ""
) -> str:
    """The whole page; sections without a body are left out.

    Args:
        sections: from top to bottom.
        title: of the browser's window.
        heading: the page's largest words.
        header: HTML below them.
        over: small words above them.
    """
    style = (Path(__file__).parent / "page.css").read_text()
    shown = [section for section in sections if section.body]
    links = "".join(f'<a href="#{section.key}">{escape(section.head)}</a>' for section in shown)
    main = "\n".join(_section(section) for section in shown)
    small = f"<small>{escape(over)}</small>" if over else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>PV-VAE: {escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<nav><div><b>PV-VAE</b>{links}</div></nav>\n<main>\n<header>"
        f"<h1>{small}{escape(heading)}</h1>{header}</header>\n"
        f"{main}\n</main>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    under = f'<p class="under">{escape(section.lead)}</p>' if section.lead else ""
    head = f"<h2>{escape(section.head)}</h2>"
    return f'<section id="{section.key}">{head}{under}{section.body}</section>'
