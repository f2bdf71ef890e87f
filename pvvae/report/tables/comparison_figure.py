"""Figure 3: pictures of several VAEs side by side, whole and enlarged in places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arch.ranges import Count, Number
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError

TEXT = "text"
"""In place of a clip's number: the rendered page of small print."""
SIDE = 256
"""Ours: least width in pixels of a column; smaller frames are enlarged by a whole factor."""
GAP, LINE = 8, 22
"""Ours: space between pictures, and height of a line of writing."""
MARK = (230, 57, 70)
"""Ours: red of the frame around what is enlarged."""

Place = tuple[Number | str, Number, Number, Number, Count]
"""Clip, frame, top, left and side of a square, in pixels of the clip."""


@dataclass(frozen=True, kw_only=True)
class FigureConfig:
    """Which clips are shown of Table 2, and what is enlarged in them."""

    clips: tuple[Number | str, ...]
    """Numbers in the draw of the evaluation, or ``text``: a rendered page of small print."""
    crops: tuple[Place, ...] = ()
    """[clip, frame, top, left, side] of each square that is enlarged; a clip without one is shown
    whole, in its middle."""

    def __post_init__(self) -> None:
        for clip in self.clips:
            if isinstance(clip, str) and clip != TEXT:
                raise ConfigError(f"figure.clips: a clip is a number or {TEXT!r}, got {clip!r}")
        _check_places(self.crops, self.clips, key="figure.crops")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The clips that are drawn, not rendered."""
        return tuple(clip for clip in self.clips if isinstance(clip, int))

    @property
    def pages(self) -> int:
        """Rendered pages: one, or none."""
        return int(TEXT in self.clips)


@dataclass(frozen=True, kw_only=True)
class SampleFigure:
    """Which samples are shown of Table 1, by their numbers."""

    samples: tuple[Number, ...]
    frames: tuple[Number, ...] = (0, 8, 16)
    """Ours: the ends and the middle of 17."""
    crops: tuple[Place, ...] = ()
    """[sample, frame, top, left, side] of each square that is enlarged."""

    def __post_init__(self) -> None:
        _check_places(self.crops, self.samples, key="figure.crops")


@dataclass(frozen=True, kw_only=True)
class Band:
    """One frame of one clip, as each column has it."""

    caption: str
    pictures: tuple[Frames | None, ...]
    """(H, W, 3), uint8; a column may lack one."""
    crops: tuple[tuple[int, int, int], ...] = ()
    """Top, left and side."""


def draw_figure(columns: Sequence[str], bands: Sequence[Band]) -> Image.Image:
    """All bands below one another, each with its enlarged squares, under the columns' names."""
    rows = [row for band in bands for row in _rows(band)]
    width = max(picture.shape[1] for row in rows for picture in row.pictures if picture is not None)
    height = LINE + sum(row.height for row in rows)
    image = Image.new("RGB", (GAP + len(columns) * (width + GAP), height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15.0)
    for i, name in enumerate(columns):
        draw.text((GAP + i * (width + GAP), 3), name, "black", font)
    top = LINE
    for row in rows:
        for i, picture in enumerate(row.pictures):
            if picture is not None:
                image.paste(Image.fromarray(picture), (GAP + i * (width + GAP), top))
        draw.text((GAP, top + row.height - LINE - GAP), row.caption, "black", font)
        top += row.height
    return image


@dataclass(frozen=True)
class _Row:
    pictures: tuple[Frames | None, ...]
    caption: str

    @property
    def height(self) -> int:
        return LINE + GAP + max((p.shape[0] for p in self.pictures if p is not None), default=0)


def _rows(band: Band) -> list[_Row]:
    """Whole pictures with marks, then each square by itself."""
    whole = tuple(None if p is None else _marked(p, band.crops) for p in band.pictures)
    rows = [_Row(whole, band.caption)]
    for top, left, side in band.crops:
        cut = [
            None if p is None else p[top : top + side, left : left + side] for p in band.pictures
        ]
        factor = max(1, SIDE // side)
        caption = f"{side} x {side} pixels at ({left}, {top}), each {factor} x {factor}"
        rows.append(_Row(tuple(None if c is None else enlarged(c, factor) for c in cut), caption))
    return rows


def _marked(picture: Frames, crops: Sequence[tuple[int, int, int]]) -> Frames:
    """At least ``SIDE`` wide, a red line around each square."""
    factor = max(1, SIDE // picture.shape[1])
    image = Image.fromarray(enlarged(picture, factor))
    draw = ImageDraw.Draw(image)
    for top, left, side in crops:
        box = (left * factor, top * factor, (left + side) * factor - 1, (top + side) * factor - 1)
        draw.rectangle(box, outline=MARK, width=2)
    return np.asarray(image)


def enlarged(picture: Frames, factor: int) -> Frames:
    """Every pixel ``factor`` times in both directions: nothing is smoothed."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def check_inside(crops: Sequence[Place], *, frames: int, size: int) -> None:
    """Refuse squares that reach beyond clips of ``frames`` frames and ``size`` pixels a side.

    Raises:
        ConfigError: naming the first.
    """
    for place in crops:
        _, frame, top, left, side = place
        if frame >= frames or max(top, left) + side > size:
            raise ConfigError(
                f"figure.crops: {list(place)} reaches beyond a clip of {frames}x{size}x{size}"
            )


def _check_places(crops: Sequence[Place], shown: Sequence[int | str], *, key: str) -> None:
    for place in crops:
        if place[0] not in shown:
            raise ConfigError(f"{key}: {list(place)} is of {place[0]!r}, which is not shown")
