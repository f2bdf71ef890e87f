"""Quality of samples over a number of VAEs, in the page's colours."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pvvae.report.svg import INK, LINE, STYLE, stand_in, svg_of
from pvvae.study.statistics.foretelling import ForetoldRun

COLOURS = 6
"""The page's."""


def scatter(runs: Sequence[ForetoldRun], name: str) -> str:
    """FVD over its block's geometric mean, over the number less its block's mean; a dot a run.

    Args:
        runs: with that number; their studies have a colour each, six of them.
        name: of the number.
    """
    blocks: dict[tuple[str, int], list[ForetoldRun]] = defaultdict(list)
    for run in runs:
        if name in run.numbers:
            blocks[run.study, run.seed].append(run)
    studies = sorted({run.study for run in runs})
    with rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(3.6, 2.4), layout="constrained")
        axes = figure.add_subplot()
        for (study, _), some in sorted(blocks.items()):
            if len(some) < 2:
                continue
            x = np.array([run.numbers[name] for run in some])
            y = np.log([run.quality for run in some])
            ink = stand_in(studies.index(study) % COLOURS)
            axes.plot(
                x - x.mean(), np.exp(y - y.mean()), color=ink, marker="o", markersize=3.5, ls=""
            )
        axes.axhline(1.0, color=LINE, linewidth=0.8)
        axes.axvline(0.0, color=LINE, linewidth=0.8)
        axes.set_xlabel("less the mean at equal study and seed", color=INK, labelpad=2)
        axes.set_ylabel("gFVD over its mean there", color=INK, labelpad=2)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
        return svg_of(figure, name)
