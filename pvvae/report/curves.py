"""Small plots as SVG that takes its colours from the page, one number each."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pvvae.report.findings import Group
from pvvae.report.scores import RECONSTRUCTION, at

SIZE = (3.1, 2.0)
"""Ours: inches; four plots in a row of the page."""
INK, LINE = "#010203", "#010204"
"""Stand-ins that the page replaces by its own colours, so that dark mode reaches the plots."""
STYLE = {
    "svg.fonttype": "none",  # text stays text, in the page's font
    "font.size": 8.5,
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of one group."""

    colour: int
    x: Sequence[float]
    y: Sequence[float]
    drawn: Literal["line", "points", "both"]
    """Training is a line, held-out values are points; both where there is one of them."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A logged value as it is plotted."""

    title: str
    name: str
    """In metrics.jsonl, of train or held-out lines or both."""
    log: bool = False


PANELS = (
    Panel(title="Squared error", name="mse", log=True),
    Panel(title="Temporal difference", name="diff", log=True),
    Panel(title="LPIPS", name="lpips"),
    Panel(title="PSNR, held out (dB)", name="psnr"),
    Panel(title="Prediction error (MSE), held out", name="prediction_mse", log=True),
    Panel(title="KL", name="kl", log=True),
    Panel(title="GAN loss of the decoder", name="gan"),
    Panel(title="Discriminator loss", name="discriminator"),
    Panel(title="Flow matching loss", name="flow", log=True),
)


def stage_plots(groups: Sequence[Group], stage: str) -> list[tuple[str, str]]:
    """(title, SVG) of every value that a training stage logged."""
    plots = []
    for panel in PANELS:
        series = [s for group in groups for s in _logged(group, stage, panel)]
        if any(value for s in series for value in s.y):
            svg = draw(series, name=f"{stage}-{panel.name}", xlabel="step", log=panel.log)
            plots.append((panel.title, svg))
    return plots


def _logged(group: Group, stage: str, panel: Panel) -> list[Series]:
    record = group.of(stage)
    found = {}
    for kind in ("train", "held_out"):
        lines = (
            [x for x in record.metrics if x["kind"] == kind and panel.name in x] if record else []
        )
        if lines:
            found[kind] = ([x["step"] for x in lines], [x[panel.name] for x in lines])
    drawn: dict[str, Literal["line", "points", "both"]] = {"train": "line", "held_out": "points"}
    if "train" not in found:
        drawn["held_out"] = "both"
    return [Series(colour=group.colour, x=x, y=y, drawn=drawn[k]) for k, (x, y) in found.items()]


def evaluation_plots(groups: Sequence[Group]) -> list[tuple[str, str]]:
    """(title, SVG) over the frames of a clip, and over the interval between latents."""
    wanted: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("PSNR of each frame (dB)", "frame", ("curves", "psnr")),
        ("SSIM of each frame", "frame", ("curves", "ssim")),
        ("LPIPS of each frame", "frame", ("curves", "lpips")),
        (
            "Latent distance, interval 1 = 1 (Fig. 5d)",
            "interval in groups",
            ("latent_distance", "normalised"),
        ),
    )
    plots = []
    for title, xlabel, keys in wanted:
        series = []
        for group in groups:
            y: Any = at(RECONSTRUCTION, *keys)({RECONSTRUCTION: group.results(RECONSTRUCTION)})
            if y:
                x = range(1, 1 + len(y))
                series.append(Series(colour=group.colour, x=x, y=y, drawn="both"))
        if series:
            plots.append((title, draw(series, name="-".join(keys), xlabel=xlabel)))
    return plots


def draw(series: Sequence[Series], *, name: str, xlabel: str, log: bool = False) -> str:
    """An SVG of a few lines; the same series give the same text."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes((0.14, 0.19, 0.83, 0.77))
        for one in series:
            look: dict[str, Any] = {"color": _stand_in(one.colour), "linewidth": 1.5}
            if one.drawn != "line":
                size = 4.5 if len(one.x) < 12 else 2.5
                look |= {"marker": "o", "markersize": size, "markeredgewidth": 0}
            if one.drawn == "points":
                look["linestyle"] = "none"
            axes.plot(one.x, one.y, **look)
        axes.set_xlabel(xlabel, color=INK, labelpad=2)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(5, integer=True))
        _scale(axes, [value for one in series for value in one.y], log=log)
        file = io.StringIO()
        figure.set_canvas(FigureCanvasSVG(figure))
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(file.getvalue(), name)


def _scale(axes: Any, values: Sequence[float], *, log: bool) -> None:
    """A logarithmic axis where the values span enough of one; plain numbers at few ticks."""
    positive = [value for value in values if value > 0]
    if log and len(positive) == len(values) and max(values) > 4 * min(values):
        axes.set_yscale("log")
        wide = max(values) > 60 * min(values)
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_locator(ticker.NullLocator())
    else:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(5))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))


def _stand_in(colour: int) -> str:
    return f"#0102{colour + 16:02x}"


def _for_page(svg: str, name: str) -> str:
    """The bare element: no size of its own, colours by the page's names."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) xmlns(?::xlink)?="[^"]*"', r"\1", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r' id="(?:figure|axes|patch|line2d|text|matplotlib|xtick|ytick)[^"]*"', "", svg)
    svg = svg.replace(INK, "var(--muted)").replace(LINE, "var(--line)")
    svg = re.sub(r"#0102([1-9a-f][0-9a-f])", lambda m: f"var(--b{int(m[1], 16) - 16})", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
