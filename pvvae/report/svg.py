"""Plots as SVG that takes its colours from the page, and as files of their own."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import ticker
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, LINE, AMBER = "#010203", "#010204", "#010205"
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


def svg_of(figure: Figure, name: str) -> str:
    """The bare element for a page; drawn within ``rc_context(STYLE | {"svg.hashsalt": name})``."""
    file = io.StringIO()
    figure.set_canvas(FigureCanvasSVG(figure))
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(file.getvalue(), name)


def stand_alone(svg: str) -> str:
    """A page's plot as a file: on white, with the colours of the page by day."""
    style = (Path(__file__).parent / "page.css").read_text()
    day = style[: style.index("}")]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", day))
    svg = re.sub(r"var\(--([\w-]+)\)", lambda match: colours[match[1]], svg)
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ground = f'style="background: {colours["card"]}; font-family: sans-serif"'
    return svg.replace("<svg", f"<svg {names} {ground}", 1) + "\n"


def scale(axes: Any, values: Sequence[float], *, log: bool) -> None:
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


def stand_in(colour: int) -> str:
    """What the page replaces by its colour of that number."""
    return f"#0102{colour + 16:02x}"


def _for_page(svg: str, name: str) -> str:
    """The bare element: no size of its own, colours by the page's names."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", svg)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"', "", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r' id="(?:figure|axes|patch|line2d|text|matplotlib|xtick|ytick)[^"]*"', "", svg)
    svg = svg.replace(INK, "var(--muted)").replace(LINE, "var(--line)")
    svg = svg.replace(AMBER, "var(--predicted)")
    svg = re.sub(r"#0102([1-9a-f][0-9a-f])", lambda m: f"var(--b{int(m[1], 16) - 16})", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
