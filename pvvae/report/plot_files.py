"""The page's plots as files that need no page: for documents."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from pvvae.files import write_text
from pvvae.report.curves import stage_plots
from pvvae.report.findings import Group, find_groups, stage_order

HEAD = 30
"""Ours: points above the plot, for title and names."""
SVG = "http://www.w3.org/2000/svg"
WIDTH = 480
"""Ours: pixels; a document's column holds it."""


def write_plots(runs: Path, out: Path) -> list[Path]:
    """Write OUT/STAGE-VALUE.svg of every value that training stages below ``runs`` logged.

    Raises:
        ConfigError: if ``runs`` holds no run folder.
    """
    groups = find_groups(runs)
    paths = []
    for stage in sorted({record.stage for g in groups for record in g.records}, key=stage_order):
        named = [group for group in groups if group.of(stage)]
        for title, svg in stage_plots(groups, stage):
            paths.append(out / f"{_name(svg)}.svg")
            write_text(paths[-1], alone(svg, title=title, groups=named))
    return paths


def alone(svg: str, *, title: str, groups: Sequence[Group]) -> str:
    """A plot of the page as a whole document: light colours, its title and the groups' names."""
    width, height = (float(value) for value in _match(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())
    names = "".join(
        f'<tspan fill="var(--b{group.colour})" dx="{8 if i else 0}">{escape(group.name)}</tspan>'
        for i, group in enumerate(groups)
    )
    head = (
        f'<rect y="{-HEAD}" width="{width:g}" height="{height + HEAD:g}" fill="var(--card)"/>'
        f'<text x="4" y="{11 - HEAD}" style="font-size: 8.5px" fill="var(--ink)">'
        f'{escape(title)}</text><text x="4" y="{23 - HEAD}" style="font-size: 8px">{names}</text>'
    )
    start = (
        f'<svg xmlns="{SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" width="{WIDTH}" '
        f'viewBox="0 {-HEAD} {width:g} {height + HEAD:g}" font-family="sans-serif">'
    )
    whole = start + head + svg[svg.index(">") + 1 :]
    colours = _light()
    return re.sub(r"var\((--\w+)\)", lambda match: colours[match[1]], whole) + "\n"


def _light() -> dict[str, str]:
    """The colours of the page's style sheet by their names, as it has them first: on white."""
    sheet = (Path(__file__).parent / "page.css").read_text()
    light = sheet[: sheet.index("}")]
    return dict(re.findall(r"(--\w+): (#\w+);", light))


def _name(svg: str) -> str:
    return _match(r'aria-label="([^"]+)"', svg)[1]


def _match(pattern: str, svg: str) -> re.Match[str]:
    found = re.search(pattern, svg)
    assert found is not None  # curves.draw writes it
    return found
