"""Figure 3 of a table: what its subjects rebuilt or made, side by side, as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from launchers.tables.plan import TablePlan
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.report.tables.comparison_figure import (
    TEXT,
    Band,
    FigureConfig,
    Place,
    SampleFigure,
    draw_figure,
)

Crops = tuple[tuple[int, int, int], ...]


def draw_reconstructions(plan: TablePlan, figure: FigureConfig) -> Image.Image | None:
    """The original and every subject's reconstruction; None if no subject has any."""
    rows = [row for row in plan.rows if row.figure is not None]
    if not rows:
        return None
    bands = []
    for clip in figure.clips:
        stem = "text0" if clip == TEXT else f"{clip:06d}"
        originals = rows[0].figure
        assert originals is not None
        truth = _clip(originals / "clips" / f"{stem}_original.npy")
        made = [
            _clip(row.figure / "clips" / f"{stem}_reconstruction.npy") for row in rows if row.figure
        ]
        what = "a rendered page of text" if clip == TEXT else f"clip {clip}"
        bands += _bands(what, [truth, *made], _by_frame(figure.crops, clip))
    return draw_figure(["original", *(row.name for row in rows)], bands)


def draw_samples(plan: TablePlan, figure: SampleFigure, data: Sequence[str]) -> Image.Image | None:
    """Sample i of every subject, data set by data set; None if no subject has any."""
    rows = [row for row in plan.rows if row.samples]
    if not rows:
        return None
    bands = []
    for name in data:
        for number in figure.samples:
            made = [
                _clip(row.samples[name] / "clips" / f"{number:06d}.npy")
                if name in row.samples
                else None
                for row in rows
            ]
            crops = dict.fromkeys(figure.frames, ()) | _by_frame(figure.crops, number)
            bands += _bands(f"{name}, sample {number}", made, crops)
    return draw_figure([row.name for row in rows], bands)


def _bands(what: str, clips: Sequence[Frames | None], crops: dict[int, Crops]) -> list[Band]:
    """One a frame, the middle one where none is asked for."""
    length = min((len(clip) for clip in clips if clip is not None), default=0)
    if length == 0:
        return []
    if crops and max(crops) >= length:
        raise ConfigError(
            f"figure: {what} has {length} frames, the first is 0: none is {max(crops)}"
        )
    return [
        Band(
            caption=f"{what}, frame {frame + 1} of {length}",
            pictures=tuple(None if clip is None else clip[frame] for clip in clips),
            crops=places,
        )
        for frame, places in sorted((crops or {length // 2: ()}).items())
    ]


def _by_frame(crops: Sequence[Place], clip: int | str) -> dict[int, Crops]:
    found: dict[int, Crops] = {}
    for number, frame, top, left, side in crops:
        if number == clip:
            found[frame] = (*found.get(frame, ()), (top, left, side))
    return found


def _clip(path: Path) -> Frames:
    clip: Frames = np.load(path)
    return clip
