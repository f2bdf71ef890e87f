"""Small plots of runs, one number each."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.figure import Figure

from pvvae.files import write_text
from pvvae.metrics.score_catalog import HELD_OUT
from pvvae.report.runs.run_records import RunGroup, find_groups, stage_order
from pvvae.report.svg import AMBER, INK, STYLE, scale, stand_alone, stand_in, svg_of
from pvvae.report.tables.scores import RECONSTRUCTION, at

SIZE = (3.1, 2.0)
"""Ours: inches; four plots in a row of the page."""
FRAME = "frame; lines between groups"
Drawn = Literal["line", "points", "both", "floor"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of one group."""

    colour: int
    x: Sequence[float]
    y: Sequence[float]
    drawn: Drawn
    """Training is a line, held-out values are points; both where there is one of them. A floor is
    what no value of the same colour can be told to beat."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What lies below a plot over the frames of a clip."""

    starts: tuple[int, ...]
    """First frame, from 1, of every group of frames but the first."""
    observed: int | None
    """Frames that the encoder saw, where the others are predicted."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A logged value as it is plotted."""

    title: str
    name: str
    """In metrics.jsonl, of train or held-out lines or both."""
    log: bool = False
    floor: str | None = None
    """Logged beside it: a dashed line below its own."""
    costly: bool = False
    """Whether what it took to get there is asked as well: plotted over GPU-hours too."""


_PSNR = HELD_OUT["psnr"]
PANELS = (
    Panel(title=HELD_OUT["mse"].label, name="mse", log=True),
    Panel(title=HELD_OUT["diff"].label, name="diff", log=True),
    Panel(title=HELD_OUT["lpips"].label, name="lpips"),
    Panel(title=f"{_PSNR.label}, held out ({_PSNR.unit})", name="psnr"),
    Panel(
        title=f"{HELD_OUT['prediction_mse'].label} (MSE), held out",
        name="prediction_mse",
        log=True,
    ),
    *(
        Panel(title=f"{HELD_OUT[name].label}, held out", name=name)
        for name in ("prediction_ratio", "latent_rank", "latent_sec", "latent_ltd")
    ),
    Panel(title=HELD_OUT["kl"].label, name="kl", log=True),
    Panel(title="GAN loss of the decoder", name="gan"),
    Panel(title="Discriminator loss", name="discriminator"),
    Panel(title=HELD_OUT["flow"].label, name="flow", log=True),
    Panel(
        title="FVD of samples; dashed: of reconstructions",
        name="fvd",
        log=True,
        floor="fvd_floor",
        costly=True,
    ),
)


def stage_plots(groups: Sequence[RunGroup], stage: str) -> list[tuple[str, str]]:
    """(title, SVG) of every value that a training stage logged."""
    plots = []
    for panel in PANELS:
        series = [s for group in groups for s in _logged(group, stage, panel)]
        if any(value for s in series for value in s.y):
            svg = draw(series, name=f"{stage}-{panel.name}", xlabel="step", log=panel.log)
            plots.append((panel.title, svg))
    return plots


def cost_plots(groups: Sequence[RunGroup], stage: str) -> list[tuple[str, str]]:
    """(title, SVG) over GPU-hours in training steps, of values whose price is asked.

    They depend on the clock.
    """
    plots = []
    for panel in PANELS:
        series = [
            replace(one, x=[hours[int(step)] for step in one.x])
            for group in groups
            if panel.costly and (hours := _hours(group, stage))
            for one in _logged(group, stage, panel)
        ]
        if series:
            name = f"{stage}-{panel.name}-hours"
            svg = draw(series, name=name, xlabel="GPU-hours in steps", log=panel.log, whole=False)
            plots.append((panel.title, svg))
    return plots


def _hours(group: RunGroup, stage: str) -> dict[int, float]:
    """By step; empty where a value was logged at a step whose time was not."""
    record = group.of(stage)
    hours = record.device_hours if record else {}
    steps = {line["step"] for line in record.metrics} if record else set()
    return hours if steps <= hours.keys() else {}


def _logged(group: RunGroup, stage: str, panel: Panel) -> list[Series]:
    """A panel's lines of one group; its floor comes first, so that it lies beneath."""
    record = group.of(stage)
    lines = record.metrics if record else []
    found = {kind: _points(lines, kind, panel.name) for kind in ("train", "held_out")}
    drawn: dict[str, Drawn] = {"train": "line", "held_out": "points"}
    if not found["train"]:
        drawn["held_out"] = "both"
    series = [(drawn[kind], points) for kind, points in found.items() if points]
    if panel.floor and series:
        series.insert(0, ("floor", _points(lines, "held_out", panel.floor)))
    return [
        Series(colour=group.colour, x=[x for x, _ in points], y=[y for _, y in points], drawn=kind)
        for kind, points in series
    ]


def _points(lines: Sequence[dict[str, Any]], kind: str, name: str) -> list[tuple[int, float]]:
    """(step, value) of the lines of one kind that have it."""
    return [
        (line["step"], line[name])
        for line in lines
        if line["kind"] == kind and isinstance(line.get(name), int | float)
    ]


def evaluation_plots(groups: Sequence[RunGroup]) -> list[tuple[str, str]]:
    """(title, SVG) over the frames of a clip, and over the interval between latents."""
    plots = []
    for title, xlabel, keys in EVALUATED:
        series = []
        for group in groups:
            y: Any = at(RECONSTRUCTION, *keys)({RECONSTRUCTION: group.results(RECONSTRUCTION)})
            if y:
                x = range(1, 1 + len(y))
                y = [math.nan if value is None else value for value in y]
                series.append(Series(colour=group.colour, x=x, y=y, drawn="both"))
        if series:
            ground = _ground(groups, keys, frames=max(len(one.x) for one in series))
            svg = draw(series, name="-".join(keys), xlabel=xlabel, ground=ground)
            plots.append((title, svg))
    return plots


EVALUATED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("PSNR of each frame (dB)", FRAME, ("curves", "psnr")),
    ("SSIM of each frame", FRAME, ("curves", "ssim")),
    ("LPIPS of each frame", FRAME, ("curves", "lpips")),
    ("PSNR, future predicted (dB)", FRAME, ("prediction", "curves", "psnr")),
    ("SSIM, future predicted", FRAME, ("prediction", "curves", "ssim")),
    ("LPIPS, future predicted", FRAME, ("prediction", "curves", "lpips")),
    (
        "Latent distance, interval 1 = 1 (Fig. 5d)",
        "interval in groups",
        ("latent_distance", "normalised"),
    ),
)
"""Title, name of the axis and place in results.json."""


def _ground(groups: Sequence[RunGroup], keys: Sequence[str], *, frames: int) -> Ground | None:
    """Where groups of frames begin, if all agree; which frames were predicted, if any were."""
    strides = {group.stride for group in groups} - {None}
    seen = {group.observed for group in groups} - {None}
    if "latent_distance" in keys or len(strides) != 1:
        return None
    starts = tuple(range(2, frames + 1, strides.pop() or 1))
    predicted = "prediction" in keys and len(seen) == 1
    return Ground(starts=starts, observed=seen.pop() if predicted else None)


def draw(
    series: Sequence[Series],
    *,
    name: str,
    xlabel: str,
    log: bool = False,
    whole: bool = True,
    ground: Ground | None = None,
) -> str:
    """An SVG of a few lines; the same series give the same text. ``whole``: x counts something."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes((0.14, 0.19, 0.83, 0.77))
        if ground is not None:
            _lay(axes, ground, frames=max(len(one.x) for one in series))
        for one in series:
            look: dict[str, Any] = {"color": stand_in(one.colour), "linewidth": 1.5}
            if one.drawn == "floor":
                look |= {"linewidth": 1.0, "linestyle": (0, (3, 3))}
            elif one.drawn != "line":
                size = 4.5 if len(one.x) < 12 else 2.5
                look |= {"marker": "o", "markersize": size, "markeredgewidth": 0}
            if one.drawn == "points":
                look["linestyle"] = "none"
            axes.plot(one.x, one.y, **look)
        axes.set_xlabel(xlabel, color=INK, labelpad=2)
        if ground is None:
            axes.xaxis.set_major_locator(ticker.MaxNLocator(5, integer=whole))
        scale(axes, [value for one in series for value in one.y], log=log)
        return svg_of(figure, name)


def _lay(axes: Any, ground: Ground, *, frames: int) -> None:
    """Lines between groups of frames, in place of the grid; what was predicted is tinted."""
    axes.grid(visible=False, axis="x")
    axes.set_xlim(0.3, frames + 0.7)
    axes.set_xticks([1, *ground.starts][:: 1 + len(ground.starts) // 8])
    if ground.observed is not None:
        axes.axvspan(ground.observed + 0.5, frames + 0.7, color=AMBER, alpha=0.14, linewidth=0)
    for start in ground.starts:
        axes.axvline(start - 0.5, color=INK, linewidth=0.6, alpha=0.6)


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


def alone(svg: str, *, title: str, groups: Sequence[RunGroup]) -> str:
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
