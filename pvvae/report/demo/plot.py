"""Error over horizon as a plot for the page."""

from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pvvae.report.svg import INK, STYLE, scale, stand_in, svg_of


def horizon_plot(curves: Mapping[str, Sequence[float]], *, name: str, first: int) -> str:
    """Curves of one error a frame from frame ``first`` (of 1, 2, …) on, in the page's colours."""
    with rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(3.6, 2.2), layout="constrained")
        axes = figure.add_subplot()
        for colour, values in enumerate(curves.values()):
            frames = range(first, first + len(values))
            axes.plot(
                frames, values, color=stand_in(colour), linewidth=1.6, marker="o", markersize=3
            )
        axes.set_xlabel("frame", color=INK, labelpad=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        scale(axes, [value for values in curves.values() for value in values], log=False)
        axes.set_ylim(bottom=0)
        return svg_of(figure, name)
