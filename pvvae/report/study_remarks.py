"""What a reader of a study has to know to believe its numbers, or not to."""

from pvvae.study.answers.analysis import Analysis

REMARKS = {
    "means": "Means over seeds with Student's 95% interval. What a cell lacks is said below the "
    "table; failed and stale runs are in no mean.",
    "changes": "Runs paired by seed: the mean change, Student's 95% interval over seeds, and how "
    "many seeds change that way. Bold where the interval excludes no change.",
    "law": "Dots are runs; law and band are fitted to all seeds of a curve.",
    "pareto": "Means of arms. Filled: no other arm is at once as good and as cheap.",
    "curves": "A line a seed. Over cost, a cell's whole cost is spread evenly over the steps.",
    "paired": "Dots are runs, thin lines join those of a seed. Upright marks are means; the tint "
    "is their 95% interval.",
}
"""Below the head of each section."""


def remarks(analysis: Analysis) -> list[str]:
    """What has to be said of this study's numbers."""
    seeds = max((len(cell.seeds) for cell in analysis.cells), default=0)
    found = []
    if 1 < seeds < 10:
        found.append(
            f"Intervals of {seeds} seeds take differences for normal, which {seeds} cannot show; a "
            f"sign test of {seeds} that agree has p = {2.0 ** (1 - seeds):.2g}. The percentile "
            "bootstrap, in study.json, is narrower and covers less than it says."
        )
    judged = [claim for claim in analysis.claims if claim.effect and claim.effect.interval]
    if len(judged) > 1:
        found.append(
            f"{len(judged)} claims at 95% each: by chance alone one in twenty would be seen."
        )
    if any(claim.claim.over for claim in analysis.claims):
        found.append(
            "Where pairs are of a seed and another factor's value, intervals take them for "
            "independent, though those of one seed share initial weights and noise."
        )
    return found
