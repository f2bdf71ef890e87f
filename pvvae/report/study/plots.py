"""The plots of a study: runs paired by seed, quality against cost, and curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure

from pvvae.report.svg import INK, STYLE, scale, stand_in, svg_of
from pvvae.study.answers.analysis import Analysis
from pvvae.study.answers.cost_sentences import COSTS, cost_of, pareto_front
from pvvae.study.cells import Condition
from pvvae.study.spec.entries import Measure
from pvvae.study.statistics.effects import Floats, mean_with_interval
from pvvae.study.statistics.equal_cost import curves_of
from pvvae.study.statistics.observations import size_name

MOST_ARMS = 14
"""Ours: rows of dots that a plot holds; of more, those of claims are shown."""
WIDTH = 4.6
"""Ours: inches; two plots in a row of the page."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture."""

    name: str
    """Name of the picture's file."""
    title: str
    svg: str


def paired_plots(analysis: Analysis) -> list[Plot]:
    """Every run of every measure: a row an arm, a line between rows the same seed."""
    cells = analysis.cells
    if len(cells) > MOST_ARMS:
        claimed = [arm for c in analysis.claims for arm in (c.claim.arm, c.claim.against)]
        cells = tuple(cell for cell in cells if cell.arm in claimed)[:MOST_ARMS]
    return [
        Plot(name=f"paired-{m.name}", title=_label(m), svg=_paired(analysis, cells, m))
        for m in analysis.study.columns
        if any(cell.values(m.name) for cell in cells)
    ]


def _paired(analysis: Analysis, cells: Sequence[Condition], measure: Measure) -> str:
    name = f"paired-{measure.name}"
    names = [_short(cell.name) for cell in cells]
    left = min(0.09 + 0.016 * max(map(len, names)), 0.5)
    height = 0.5 + 0.34 * len(cells)
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((left, 0.42 / height, 0.96 - left, 1 - 0.5 / height))
        rows = [cell.values(measure.name) for cell in cells]
        for seed in sorted({seed for row in rows for seed in row}):
            places = [(row[seed], y) for y, row in enumerate(rows) if seed in row]
            axes.plot(*zip(*places, strict=True), color=INK, linewidth=0.7, alpha=0.45)
        for y, (cell, row) in enumerate(zip(cells, rows, strict=True)):
            if row:
                _row(axes, y, np.array(list(row.values())), analysis.colour(cell))
        axes.set_yticks(range(len(cells)), names)
        axes.set_ylim(len(cells) - 0.5, -0.5)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
        axes.set_xlabel(_label(measure), color=INK, labelpad=2)
        return svg_of(figure, name)


def _row(axes: Any, y: int, values: Floats, colour: int) -> None:
    """Dots, their mean, and its 95% interval, cut to where the plot's dots are."""
    mean, interval = mean_with_interval(values)
    ink = stand_in(colour)
    if interval is not None:
        axes.plot(list(interval), [y, y], color=ink, linewidth=5, alpha=0.22, solid_capstyle="butt")
    axes.plot(values, [y] * len(values), "o", color=ink, markersize=4.5, markeredgewidth=0)
    axes.plot([mean], [y], "|", color=ink, markersize=13, markeredgewidth=2)


def pareto_plots(analysis: Analysis) -> list[Plot]:
    """Quality against every cost that two arms or more are known by; a line joins the front."""
    answer = analysis.study.answer
    if answer.kind != "pareto":
        return []
    measure, plots = analysis.study.drawn, []
    for cost in dict.fromkeys((answer.x, *COSTS)):
        best = pareto_front(analysis.cells, measure, cost)
        if len(best) > 1:
            svg = _pareto(analysis, measure, cost, best)
            name = f"pareto-{cost}"
            plots.append(
                Plot(name=name, title=f"{_label(measure)} against {cost_of(cost).name}", svg=svg)
            )
    return plots


def _pareto(analysis: Analysis, measure: Measure, cost: str, best: Mapping[str, bool]) -> str:
    name = f"pareto-{cost}"
    kind = cost_of(cost)
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure, axes = _panel()
        front = []
        for cell in analysis.cells:
            if cell.name not in best:
                continue
            ink = stand_in(analysis.colour(cell))
            x = kind.factor * float(np.mean(list(cell.costs(cost).values())))
            y = float(np.mean(list(cell.values(measure.name).values())))
            front += [(x, y)] if best[cell.name] else []
            inside = ink if best[cell.name] else "none"
            axes.plot([x], [y], "o", color=ink, markersize=7, markerfacecolor=inside)
            axes.annotate(
                _short(cell.name),
                (x, y),
                (6, 5),
                textcoords="offset points",
                color=INK,
                fontsize=7.5,
            )
        xs, ys = zip(*sorted(front), strict=True)
        where = "pre" if kind.higher_is_better else "post"
        axes.step(xs, ys, where=where, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.margins(x=0.22, y=0.16)
        axes.set_xlabel(kind.unit, color=INK, labelpad=2)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
        scale(axes, ys, log=False)
        return svg_of(figure, name)


def relation_plots(analysis: Analysis) -> list[Plot]:
    """One measure over another, a dot a run, with the line of all and its 95% band (Figure 5a)."""
    related = analysis.related
    if related is None or related.found is None:
        return []
    found, name = related.found, "relation"
    across = next(m for m in analysis.study.columns if m.name == analysis.study.answer.x)
    colours = {cell.name: analysis.colour(cell) for cell in analysis.cells}
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure, axes = _panel()
        axes.fill_between(found.places, *found.band, color=INK, alpha=0.13, linewidth=0)
        axes.plot(found.places, found.line, color=INK, linewidth=1.2)
        for cell, x, y in related.runs:
            axes.plot([x], [y], "o", color=stand_in(colours[cell]), markersize=5)
        axes.set_xlabel(_label(across), color=INK, labelpad=2)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
        scale(axes, [y for _, _, y in related.runs], log=False)
        svg = svg_of(figure, name)
    measure = analysis.study.drawn
    return [Plot(name=name, title=f"{_label(measure)} over {_label(across)}", svg=svg)]


def curve_plots(analysis: Analysis) -> list[Plot]:
    """Measures taken on the way, over steps and over cost: a line a seed."""
    plots = []
    for measure in analysis.study.columns:
        by_steps = _over_steps(analysis.cells, measure)
        if not by_steps:
            continue
        plots.append(_curves(analysis, measure, "steps", by_steps))
        for cost in ("flops", "seconds"):
            by_cost = curves_of(analysis.cells, measure, cost, by="")
            if by_cost.keys() >= by_steps.keys():
                plots.append(_curves(analysis, measure, cost, by_cost))
    return plots


Curves = Mapping[str, Mapping[int, Sequence[tuple[float, float]]]]


def _over_steps(cells: Sequence[Condition], measure: Measure) -> Curves:
    return {
        cell.name: {
            o.seed: o.curves[measure.name] for o in cell.sound if o.curves.get(measure.name)
        }
        for cell in cells
        if any(outcome.curves.get(measure.name) for outcome in cell.sound)
    }


def _curves(analysis: Analysis, measure: Measure, over: str, curves: Curves) -> Plot:
    name = f"curves-{measure.name}-{over}"
    cost = cost_of(over)
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure, axes = _panel()
        values: list[float] = []
        for cell in analysis.cells:
            ink = stand_in(analysis.colour(cell))
            for curve in curves.get(cell.name, {}).values():
                xs, ys = zip(*curve, strict=True)
                values += ys
                look = {"linewidth": 1.3, "marker": "o", "markersize": 2.6, "markeredgewidth": 0}
                axes.plot(np.multiply(xs, cost.factor), ys, color=ink, alpha=0.85, **look)
        axes.set_xlabel(cost.unit, color=INK, labelpad=2)
        axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
        scale(axes, values, log=True)
        return Plot(
            name=name,
            title=f"{_label(measure)} over {cost.name}",
            svg=svg_of(figure, name),
        )


def size_axis(axes: Any, sizes: Sequence[float], x: str) -> None:
    """A logarithmic axis with a tick at every size, as far as there is room."""
    axes.set_xscale("log")
    every = 1 + (len(sizes) - 1) // 7
    axes.set_xticks(list(sizes)[::every], [_thousands(size) for size in list(sizes)[::every]])
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set_xlabel(size_name(x), color=INK, labelpad=2)


def _thousands(size: float) -> str:
    for step, letter in ((1e9, "B"), (1e6, "M"), (1e4, "K")):
        if size >= step:
            return f"{size / (1e3 if letter == 'K' else step):.3g}{letter}"
    return f"{size:,.4g}"


def _panel() -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, 2.9))
    return figure, figure.add_axes((0.13, 0.15, 0.84, 0.81))


def _label(measure: Measure) -> str:
    return f"{measure.label} ({measure.unit})" if measure.unit else measure.label


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
