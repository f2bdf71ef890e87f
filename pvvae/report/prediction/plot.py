"""Errors over the horizon of any number of VAEs, in the page's colours."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pvvae.analysis.prediction import EXTRAPOLATED, PREDICTED, REBUILT, REPEATED
from pvvae.report.svg import INK, STYLE, scale, stand_in, svg_of

Curve = Sequence[float | None]


def horizon_plot(facts: Mapping[str, Mapping[str, Any]], pixels: str, *, name: str) -> str:
    """One plot of one kind of pixels.

    Each VAE has a line with dots for what it predicts and a dashed one for what it rebuilds; the
    last frame repeated is dotted, its motion kept going dash-dotted, and both are of no VAE.
    """
    with rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(3.6, 2.4), layout="constrained")
        axes = figure.add_subplot()
        shown: list[float] = []
        for colour, one in enumerate(facts.values()):
            curves, first = one["curves"][pixels], one["observed"] + 1
            ink = stand_in(colour % 6)
            shown += _draw(axes, curves[PREDICTED], first, color=ink, marker="o", markersize=3)
            shown += _draw(axes, curves[REBUILT], first, color=ink, linestyle="dashed")
        some = next(iter(facts.values()))
        rivals, first = some["curves"][pixels], some["observed"] + 1
        shown += _draw(axes, rivals[REPEATED], first, color=INK, linestyle="dotted")
        shown += _draw(axes, rivals[EXTRAPOLATED], first, color=INK, linestyle="dashdot")
        axes.set_xlabel("frame", color=INK, labelpad=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        scale(axes, shown or [0.0], log=False)
        axes.set_ylim(bottom=0)
        return svg_of(figure, name)


def _draw(axes: Any, curve: Curve, first: int, **look: Any) -> list[float]:
    """A curve from frame ``first`` (of 1, 2, …) on, and the values that it has."""
    known = [(first + k, value) for k, value in enumerate(curve) if value is not None]
    axes.plot([at for at, _ in known], [value for _, value in known], linewidth=1.5, **look)
    return [value for _, value in known]
