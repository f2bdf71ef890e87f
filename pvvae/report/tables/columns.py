"""The columns of the paper's two tables."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pvvae.metrics.results import Value
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.scores import (
    BYTES,
    Found,
    Read,
    Score,
    beside_fvd,
    clocked,
    crowded_at,
    load_beside,
    metric,
    plain_number,
)

SPEED = "speed"
"""Source of what was timed."""
INCEPTION_SCORES = (
    ("IS", "", "is_c3d_ucf101", "is_c3d_ucf101"),
    ("IS", "one split", "is_c3d_ucf101_one_split", "is_c3d_ucf101"),
    ("IS over I3D", "", "is_i3d_k400", "is_i3d_k400"),
    ("IS over I3D", "one split", "is_i3d_k400_one_split", "is_i3d_k400"),
)
"""Title, what is said below it, metric, part of the protocol. The paper's is C3D's, of ten splits
as far as one can tell; over I3D's classes it is another metric, in columns of its own."""


def columns(kind: Kind, groups: Sequence[str]) -> tuple[Score, ...]:
    """Columns of a table: quality in each group, then speed, memory and size.

    Args:
        kind: Table 2 or Table 1.
        groups: sizes of Table 2, data sets of Table 1, which are also the sources they are read in.
    """
    quality = _reconstruction if kind == "reconstruction" else _generation
    cost = RECONSTRUCTION_COST if kind == "reconstruction" else GENERATION_COST
    return (
        *(replace(score, group=group) for group in groups for score in quality(group)),
        *cost,
        replace(PARAMETERS, read=_first([*groups, SPEED], "parameters")),
    )


def _reconstruction(source: str) -> tuple[Score, ...]:
    return (
        _score(source, "rFVD", "rfvd", "lower", ",.2f", parts=("fvd", "rfvd"), fvd=True),
        _score(source, "PSNR", "psnr", "higher", ".2f", parts=("psnr",)),
        _score(source, "SSIM", "ssim", "higher", ".4f", printed=".2f", parts=("ssim",)),
        _score(source, "LPIPS", "lpips", "lower", ".4f", printed=".3f", parts=("lpips",)),
    )


def _generation(source: str) -> tuple[Score, ...]:
    return (
        _score(source, "FVD", "fvd", "lower", ",.2f", parts=("fvd",), fvd=True),
        _score(source, "KVD", "kvd", "lower", ",.2f", parts=("fvd", "kvd")),
        *(
            replace(_score(source, title, name, "higher", ".2f", parts=(part,)), unit=unit)
            for title, unit, name, part in INCEPTION_SCORES
        ),
    )


def _score(
    source: str,
    title: str,
    name: str,
    better: Literal["higher", "lower"],
    form: str,
    *,
    parts: tuple[str, ...],
    printed: str = "",
    fvd: bool = False,
) -> Score:
    return Score(
        title=title,
        source=source,
        read=metric(source, name),
        better=better,
        form=form,
        printed=printed,
        parts=parts,
        beside=beside_fvd(source) if fvd else lambda _: "",
    )


def _cost(
    title: str,
    name: str,
    better: Literal["higher", "lower"] | None,
    *,
    form: str = ".2f",
    scale: float = 1.0,
    unit: str,
    group: str = "",
) -> Score:
    memory = name in BYTES
    return Score(
        title=title,
        group=group,
        source=SPEED,
        read=plain_number(SPEED, "times", name) if memory else clocked(SPEED, name),
        better=better,
        form=form,
        scale=scale,
        unit=unit,
        parts=("ispeed", "tspeed"),
        beside=(lambda _: "") if memory else load_beside(SPEED),
        timed=True,
        crowded=(lambda _: False) if memory else crowded_at(SPEED),
    )


GIB = 2.0**-30
CACHED = "Latents cached"
RECONSTRUCTION_COST = (
    _cost("ISpeed", "ispeed", "higher", unit="it/s"),
    _cost("IMem", "imem", "lower", scale=GIB, unit="GiB"),
)
GENERATION_COST = (
    _cost("TSpeed", "tspeed", "higher", unit="it/s"),
    _cost("TMem", "tmem", "lower", scale=GIB, unit="GiB"),
    _cost("TSpeed", "tspeed_cached", "higher", unit="it/s", group=CACHED),
    _cost("TMem", "tmem_cached", "lower", scale=GIB, unit="GiB", group=CACHED),
)
"""Cost of the whole step, first with the frozen encoder (as is inferred of the paper's), then
without."""
PARAMETERS = Score(
    title="Param",
    source=SPEED,
    read=metric(SPEED, "parameters"),
    better=None,
    form=",.3g",
    scale=1e-6,
    unit="M",
)
"""Parameters of the VAE. Three digits: the paper prints whole millions, toys have less than one."""


def _first(sources: Sequence[str], name: str) -> Read:
    """A metric of whichever source has it."""

    def read(found: Found) -> Value | None:
        values = (metric(source, name)(found) for source in sources)
        return next((value for value in values if value is not None), None)

    return read
