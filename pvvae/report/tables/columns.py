"""The columns of the paper's two tables."""

from collections.abc import Sequence
from dataclasses import replace

from pvvae.metrics.results import Value
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.scores import Found, Read, Score, measured, metric, timed

SPEED = "speed"
"""Source of what was timed."""
INCEPTION_SCORES = (
    "is_c3d_ucf101",
    "is_c3d_ucf101_one_split",
    "is_i3d_k400",
    "is_i3d_k400_one_split",
)
QUALITY: dict[Kind, tuple[str, ...]] = {
    "reconstruction": ("rfvd", "psnr", "ssim", "lpips"),
    "generation": ("fvd", "kvd", *INCEPTION_SCORES),
}
"""Metrics of each size or data set, from left to right."""
COST: dict[Kind, tuple[str, ...]] = {
    "reconstruction": ("ispeed", "imem"),
    "generation": ("tspeed", "tmem", "tspeed_cached", "tmem_cached"),
}
"""Cost of the whole step, first with the frozen encoder (as is inferred of the paper's), then
without."""


def columns(kind: Kind, groups: Sequence[str]) -> tuple[Score, ...]:
    """Columns of a table: quality in each group, then speed, memory and parameters of the VAE.

    Args:
        kind: Table 2 or Table 1.
        groups: sizes of Table 2, data sets of Table 1, which are also the sources they are read in.
    """
    return (
        *(replace(measured(g, name), group=g) for g in groups for name in QUALITY[kind]),
        *(timed(SPEED, name) for name in COST[kind]),
        replace(measured(SPEED, "parameters"), read=_first([*groups, SPEED], "parameters")),
    )


def _first(sources: Sequence[str], name: str) -> Read:
    """A metric of whichever source has it."""

    def read(found: Found) -> Value | None:
        values = (metric(source, name)(found) for source in sources)
        return next((value for value in values if value is not None), None)

    return read
