"""A scaling law as it is looked at: with its band, by what it misses, and above its floor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure

from pvvae.report.study.plots import Plot, size_axis
from pvvae.report.svg import INK, STYLE, stand_in, svg_of
from pvvae.study.answers.analysis import Analysis
from pvvae.study.statistics.observations import Observation
from pvvae.study.statistics.scaling import Scaling

SIZE = (3.7, 2.9)
"""Ours: inches; three plots in a row of the page."""
Found = Mapping[str, Scaling]


def scaling_plots(analysis: Analysis) -> list[Plot]:
    """Three panels; none without a fitted law."""
    if analysis.laws is None or not analysis.laws.found:
        return []
    label, found = analysis.study.drawn.label, analysis.laws.found
    return [
        _plot("law", f"{label}, and the law's 90% band", analysis, found, _law, log=True),
        _plot("residuals", "What the law misses (%)", analysis, found, _misses, log=False),
        _plot("excess", f"{label} above the floor", analysis, found, _excess, log=True),
    ]


def _plot(
    name: str,
    title: str,
    analysis: Analysis,
    found: Found,
    panel: Callable[[Any, Scaling, str], Sequence[float]],
    *,
    log: bool,
) -> Plot:
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes((0.15, 0.15, 0.82, 0.81))
        values: list[float] = []
        for curve, law in found.items():
            values += panel(axes, law, stand_in(analysis.colour_of_curve(curve)))
        sizes = sorted({size for law in found.values() for size in law.sizes})
        size_axis(axes, sizes, analysis.study.answer.x)
        _ticks(axes, values, log=log)
        return Plot(name=f"scaling-{name}", title=title, svg=svg_of(figure, name))


def _ticks(axes: Any, values: Sequence[float], *, log: bool) -> None:
    """A logarithmic axis is so even where values span little of one: laws are straight there."""
    axes.yaxis.set_major_locator(ticker.MaxNLocator(5))
    if log and values:
        axes.set_yscale("log")
        narrow = max(values) <= 4 * min(values)
        axes.yaxis.set_major_locator(
            ticker.MaxNLocator(5) if narrow else ticker.LogLocator(subs=(1.0, 2.0, 5.0))
        )
    axes.yaxis.set_minor_locator(ticker.NullLocator())
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))


def _law(axes: Any, law: Scaling, colour: str) -> list[float]:
    if law.band:
        sizes, low, high = zip(*law.band, strict=True)
        axes.fill_between(sizes, low, high, color=colour, alpha=0.16, linewidth=0)
    line = np.geomspace(law.sizes[0], law.sizes[-1], 60)
    axes.plot(line, [law.at(size) for size in line], color=colour, linewidth=1.4)
    losses = [run.loss for run in law.observations]
    _dots(axes, law.observations, losses, colour)
    return losses


def _misses(axes: Any, law: Scaling, colour: str) -> list[float]:
    axes.axhline(0.0, color=INK, linewidth=0.8)
    shares = [100.0 * (run.loss / law.at(run.size) - 1.0) for run in law.observations]
    _dots(axes, law.observations, shares, colour)
    return shares


def _excess(axes: Any, law: Scaling, colour: str) -> list[float]:
    """Runs below the floor have no logarithm, and are not shown."""
    above = [run for run in law.observations if run.loss > law.floor]
    excess = [run.loss - law.floor for run in above]
    if law.scale > 0:
        line = np.geomspace(law.sizes[0], law.sizes[-1], 60)
        axes.plot(line, [law.at(x) - law.floor for x in line], color=colour, linewidth=1.4)
    _dots(axes, above, excess, colour)
    return excess


def _dots(axes: Any, runs: Sequence[Observation], values: Sequence[float], colour: str) -> None:
    sizes = [run.size for run in runs]
    axes.plot(sizes, values, "o", color=colour, markersize=4, markeredgewidth=0, alpha=0.85)
