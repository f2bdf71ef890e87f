"""The page's plots as files that need no page: for documents."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from pvvae.files import write_text
from pvvae.report.runs.curves import cost_plots, stage_plots
from pvvae.report.runs.run_records import Group, find_groups, stage_order
from pvvae.report.svg import stand_alone

HEAD = 30
"""Ours: points above the plot, for title and names."""
WIDTH = 480
"""Ours: pixels; a document's column holds it."""


def write_plots(runs: Path, out: Path) -> list[Path]:
    """Write OUT/STAGE-VALUE.svg of every value that training stages below ``runs`` logged.

    FVD over GPU-hours is STAGE-fvd-hours.svg.

    Raises:
        ConfigError: if ``runs`` holds no run folder.
    """
    groups = find_groups(runs)
    paths = []
    for stage in sorted({record.stage for g in groups for record in g.records}, key=stage_order):
        named = [group for group in groups if group.of(stage)]
        for title, svg in [*stage_plots(groups, stage), *cost_plots(groups, stage)]:
            paths.append(out / f"{_name(svg)}.svg")
            write_text(paths[-1], alone(svg, title=title, groups=named))
    return paths


def alone(svg: str, *, title: str, groups: Sequence[Group]) -> str:
    """A plot of the page as a whole document: light colours, its title and the groups' names."""
    found = _match(r'viewBox="0 0 (\S+) (\S+)"', svg)
    width, height = found[1], float(found[2])
    names = "".join(
        f'<tspan fill="var(--b{group.colour})" dx="{8 if i else 0}">{escape(group.name)}</tspan>'
        for i, group in enumerate(groups)
    )
    head = (
        f'<text x="4" y="{11 - HEAD}" style="font-size: 8.5px" fill="var(--ink)">{escape(title)}'
        f'</text><text x="4" y="{23 - HEAD}" style="font-size: 8px">{names}</text>'
    )
    taller = f'viewBox="0 {-HEAD} {width} {height + HEAD:g}" width="{WIDTH}"'
    opened = svg.index(">") + 1
    return stand_alone(svg[:opened].replace(found[0], taller) + head + svg[opened:])


def _name(svg: str) -> str:
    return _match(r'aria-label="([^"]+)"', svg)[1]


def _match(pattern: str, svg: str) -> re.Match[str]:
    found = re.search(pattern, svg)
    assert found is not None  # curves.draw writes it
    return found
