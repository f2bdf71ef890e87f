"""The first pass of packing: which clips each source gives, and what is left out and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np

from arch.ranges import Count, Length, Pixels, Range
from pvvae.config import check_ranges
from pvvae.data.file_names import printable
from pvvae.data.packing.sources import Source, iterate_source, measure
from pvvae.data.video.frames import resize_short_side
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class PackSettings:
    """What clips are made; the same for every source."""

    frames: Length = 17
    """Frames of a clip (section 4.1). An image is always a clip of one."""
    stride: Count = 1
    """Keep every stride-th frame."""
    short_side: Pixels = 256
    """Rows or columns, whichever is fewer, of a stored clip (section 4.1)."""
    min_side: Annotated[int, Range(0, 65_536)] | None = None
    """Refuse smaller sources. None is half of ``short_side``: UCF101's 240 rows pass for 256, as in
    the paper, and so do the 144 and 180 of small web videos, but nothing is blown up further
    (ours)."""
    max_clips_per_video: Count | None = None
    """The first ones; 1 is the paper's reconstruction protocol."""
    store: Literal["frames", "file"] = "frames"
    """"frames": uint8 arrays, lossless, cheap to load; "file": the original bytes, ten to a hundred
    times smaller, decoded while training."""
    drop_cuts: bool = False
    """Cut clips within shots only; ``pvvae.data.video.frames`` says what a hard cut is."""
    shards: Count = 16
    """Fewest tars, if there are as many clips; one for each of the paper's 16 processes."""
    clips_per_shard: Count = 256
    """Most clips in a tar: 1.1 GB of arrays at 256 x 340 (ours; 50 MB to 10 GB do)."""

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.store not in ("frames", "file"):
            raise ConfigError(f"store must be 'frames' or 'file', got {self.store!r}")
        if self.store == "file" and self.drop_cuts:
            raise ConfigError("--drop-cuts: needs --store frames; --store file keeps whole videos")

    @property
    def span(self) -> int:
        """Source frames from the first to the last frame of a clip."""
        return (self.frames - 1) * self.stride + 1

    @property
    def smallest_side(self) -> int:
        """The least shorter side that is accepted."""
        return self.short_side // 2 if self.min_side is None else self.min_side


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What one source gives."""

    starts: tuple[int, ...] = ()
    """First frame of each clip, counted from the source's own start."""
    frames: int = 0
    """Frames in a stored sample."""
    fps: float = 0.0
    height: int = 0
    width: int = 0
    """Size of the stored frames."""
    reasons: tuple[str, ...] = ()
    """Why the source, or a part of it, is left out."""
    too_small: int = 0
    """The shorter side of a source that is refused for it."""
    too_short: int = 0
    """Frames of a source that is refused for them."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Survey":
        """The inverse of ``vars``."""
        return cls(**data | {k: tuple(data[k]) for k in ("starts", "reasons")})


def survey(source: Source, settings: PackSettings) -> Survey:
    """Read a source once, to its end, and decide on its clips; it is never partly accepted and then
    found broken."""
    try:
        found = measure(source, find_cuts=settings.drop_cuts)
    except ConfigError as error:
        return Survey(reasons=(printable(str(error).removeprefix(f"{source.path}: ")),))
    height, width = found.first.shape[:2]
    if min(height, width) < settings.smallest_side:
        least = settings.smallest_side
        reason = f"{height} x {width} is too small: the shorter side must be at least {least}"
        return Survey(reasons=(reason,), too_small=min(height, width))
    starts, reasons = _windows(
        [0, *found.cuts, found.frames], 1 if source.is_image else settings.span
    )
    if settings.store == "file":
        stored, fps = found.frames, found.fps
        starts = starts[:1]
    else:
        stored = 1 if source.is_image else settings.frames
        height, width = resize_short_side(found.first, settings.short_side).shape[:2]
        fps = found.fps / settings.stride
    return Survey(
        starts=tuple(starts[: settings.max_clips_per_video]),
        frames=stored,
        fps=fps,
        height=height,
        width=width,
        reasons=tuple(reasons),
        too_short=0 if starts else found.frames,
    )


def advice(surveys: Sequence[Survey], settings: PackSettings) -> tuple[str, ...]:
    """Which limits cost how many sources, and which ones would not have."""
    small = [found.too_small for found in surveys if found.too_small]
    short = [found.too_short for found in surveys if found.too_short]
    lines = []
    if small:
        lines.append(
            f"{len(small)} of {len(surveys)} are smaller than {settings.smallest_side}, the least "
            f"has {min(small)}: --min-side {min(small)} takes them, enlarged"
        )
    if short:
        lines.append(
            f"{len(short)} of {len(surveys)} are too short for a clip of {settings.frames} frames, "
            f"the shortest has {min(short)}: fewer --frames or a smaller --stride take them"
        )
    return tuple(lines)


def _windows(edges: list[int], span: int) -> tuple[list[int], list[str]]:
    """Starts of non-overlapping clips in the shots between ``edges``; which shots are too short."""
    starts: list[int] = []
    reasons = []
    for begin, end in pairwise(edges):
        starts += range(begin, end - span + 1, span)
        if end - begin < span:
            what = (
                f"a shot of {end - begin} frames at frame {begin}"
                if len(edges) > 2
                else f"{end} frames"
            )
            reasons.append(f"{what}, {span} are needed")
    return starts, reasons


def cut_clips(source: Source, starts: tuple[int, ...], settings: PackSettings) -> Iterator[Frames]:
    """Stored clips (T, H, W, 3) of one source, in one pass over it, at constant memory."""
    wanted = 1 if source.is_image else settings.frames
    frames = enumerate(iterate_source(source, start=starts[0]), start=starts[0])
    for start in starts:
        clip: list[Frames] = []
        while len(clip) < wanted:
            at, frame = next(frames, (-1, None))
            if frame is None:
                raise ConfigError(f"{source.path}: changed while it was packed")
            if at >= start and (at - start) % settings.stride == 0:
                clip.append(resize_short_side(frame, settings.short_side))
        yield np.stack(clip)
