"""Figure 5c and d of any number of VAEs, and their spectra, in the page's colours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pvvae.report.svg import INK, STYLE, scale, stand_in, svg_of

Facts = Mapping[str, Mapping[str, Any]]
"""Facts of each VAE, by label."""
BINS = 24
"""Bins of the histogram. Ours: a thousand clips leave some forty in a bin."""


def plots(facts: Facts) -> list[tuple[str, str]]:
    """Titles and SVGs."""
    return [
        ("Distance between adjacent groups (Figure 5c)", _plot("ltd-histogram", _histogram, facts)),
        ("… over the interval, over that of one (Figure 5d)", _plot("ltd-growth", _growth, facts)),
        ("Variance over channels", _plot("channels", _spectrum("channels"), facts)),
        ("Variance over cells of a frame", _plot("cells", _spectrum("space"), facts)),
        ("Variance over groups of a clip", _plot("groups", _spectrum("time"), facts)),
        ("Energy over frequency; dashed: the pixels’", _plot("frequencies", _rings, facts)),
        ("Energy over frequency in time", _plot("time-frequencies", _time, facts)),
        ("KL of each channel, largest first", _plot("channel-kl", _channel_kl, facts)),
    ]


def _plot(name: str, draw: Callable[[Any, Facts], None], facts: Facts) -> str:
    with rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(3.6, 2.2), layout="constrained")
        axes = figure.add_subplot()
        draw(axes, facts)
        return svg_of(figure, name)


def _histogram(axes: Any, facts: Facts) -> None:
    values = {label: one["latent_distance"]["adjacent"] for label, one in facts.items()}
    everything = [value for each in values.values() for value in each]
    edges = np.linspace(min(everything), max(everything) or 1.0, BINS + 1)
    for colour, each in enumerate(values.values()):
        share, _ = np.histogram(each, edges)
        axes.stairs(share / len(each), edges, color=stand_in(colour), linewidth=1.4)
    axes.set_xlabel("distance", color=INK, labelpad=2)
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _growth(axes: Any, facts: Facts) -> None:
    for colour, one in enumerate(facts.values()):
        curve = one["latent_distance"]["normalised"]
        axes.plot(range(1, len(curve) + 1), curve, color=stand_in(colour), marker="o", markersize=3)
        first = one["latent_distance"]["raw"][0]
        ends = [interval for interval in one["latent_distance"]["intervals"] if interval]
        if len(ends) == len(curve) and first:
            low, high = (np.array([end[side] for end in ends]) / first for side in (0, 1))
            axes.fill_between(
                range(1, len(curve) + 1), low, high, color=stand_in(colour), alpha=0.15
            )
    axes.set_xlabel("groups apart", color=INK, labelpad=2)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _spectrum(axis: str) -> Callable[[Any, Facts], None]:
    def draw(axes: Any, facts: Facts) -> None:
        _curves(axes, [one["spectra"][axis]["eigenvalues"] for one in facts.values()])
        axes.set_xlabel("direction, largest first", color=INK, labelpad=2)

    return draw


def _rings(axes: Any, facts: Facts) -> None:
    for colour, one in enumerate(facts.values()):
        for name, dash in (("rings", "solid"), ("pixel_rings", "dashed")):
            values = np.asarray(one["spectra"][name])
            share = values / values.sum()
            places = (np.arange(len(share)) + 0.5) / len(share)
            axes.plot(places, share, color=stand_in(colour), linestyle=dash, linewidth=1.3)
    axes.set_yscale("log")
    axes.set_xlabel("frequency, of the highest", color=INK, labelpad=2)


def _time(axes: Any, facts: Facts) -> None:
    _curves(axes, [one["spectra"]["time_frequencies"] for one in facts.values()], first=0)
    axes.set_xlabel("half waves in a clip", color=INK, labelpad=2)


def _channel_kl(axes: Any, facts: Facts) -> None:
    _curves(axes, [sorted(one["channel_kl"], reverse=True) for one in facts.values()])
    axes.set_xlabel("channel", color=INK, labelpad=2)


def _curves(axes: Any, curves: Sequence[Sequence[float]], *, first: int = 1) -> None:
    """Each over 1, 2, …; logarithmic where all are above zero and far apart."""
    for colour, values in enumerate(curves):
        places = range(first, first + len(values))
        axes.plot(places, values, color=stand_in(colour), linewidth=1.4, marker="o", markersize=2)
    scale(axes, [value for values in curves for value in values], log=True)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
