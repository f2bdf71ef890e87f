"""Video and image files to and from uint8 frames (H, W, 3), through PyAV and Pillow.

A file is read as it is meant to be seen: turned and mirrored as it says, with square pixels.
Damage that can be seen is refused (``decoding.py``): a decoder hides it where it can, repeats
blocks, drops frames, stops early. PyAV because it is maintained and brings its own FFmpeg; decord
is abandoned and torchvision has dropped video.
"""

import io
import struct
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from math import lcm
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pvvae.config.reading import MISTAKES
from pvvae.data.video.decoding import (
    counts_frames,
    decoded,
    has_leading,
    listed_packets,
    opened,
    source_name,
)
from pvvae.data.video.display import display_matrix, square, upright
from pvvae.data.video.levels import rgb_levels
from pvvae.errors import ConfigError
from pvvae.files import write_atomic

Frames = NDArray[np.uint8]
"""(T, H, W, 3) for a clip, (H, W, 3) for one frame."""

VIDEO_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".webm", ".mkv", ".avi", ".wmv", ".asf", ".flv"),
        *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".ogv", ".mxf"),
    }
)
IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp"))

SAMPLE_FPS = 8
"""Frames a second of sample videos: Latte's."""
CRF = 18  # ours: x264's customary "visually lossless"; written videos are looked at, never measured
REPEATABLE = "rc-lookahead=0:bframes=0:mbtree=0:scenecut=0:weightp=0"
"""Without reading frames ahead, and in one thread, x264 makes equal bytes of equal frames. With
either it does so only mostly (seen on x264 165 at widths such as 390)."""
EXACT = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.BITEXACT
)
"""How swscale converts colours. Without these flags, or with ACCURATE_RND alone, 4:2:0 comes out
1.1 to 1.5 levels darker than BT.601's formula gives; with them the mean is right within 0.02 and
each value within rounding (0.25 on average). They cost 4.5 ms a megapixel, decoding 2 to 17."""
FINEST_TICK = 10**6  # ours: seconds divide by so much at most; players show no microseconds
SLOWEST = Fraction(1, 1001)  # frames a second; ours: rates are rounded to such fractions
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
"""Pillow's names of the formats that are opened, whatever a file is called: others run programs
(EPS) or have not been looked after for long."""
DAMAGES = (*MISTAKES, RuntimeError, struct.error)
"""What Pillow raises beside its own errors: RuntimeError of AVIF, struct.error of what is cut."""
MAX_IMAGE_PIXELS = 2**26
"""Ours: 67 million; cameras' 61 fit, and decoding takes below 1 GiB. Pillow refuses from 179."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a container says about its video stream, before anything is decoded."""

    frames: int | None
    """Number of frames that decoding gives. None where the container does not know it, only guesses
    (AVI, MPEG, Matroska), or was cut so that its first frames may not be decodable."""

    fps: float
    height: int
    """Rows as stored, before any turn."""
    width: int


def probe(source: Path | str | bytes, *, name: str | None = None) -> VideoInfo:
    """Header facts only.

    Raises:
        ConfigError: if the file is missing or is no video.
    """
    with opened(source, name) as (container, stream):
        # The header's count is of what is stored; an edit list may show less.
        known = listed_packets(stream) if counts_frames(container) and stream.frames else None
        if known is not None and has_leading(container, stream):
            known = None
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        return VideoInfo(frames=known, fps=fps, height=stream.height, width=stream.width)


def iterate_video(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    start: int = 0,
    stride: int = 1,
    squared: bool = True,
) -> Iterator[Frames]:
    """Frames (H, W, 3) one at a time, in constant memory: ``start``, ``start + stride``, ...

    Frames that are passed over are decoded but never converted to RGB. A display matrix (turns of
    phones, mirrors of front cameras) is applied; should the size change on the way, later frames
    are brought to the first size.

    Args:
        source: a path, or the bytes of a file.
        name: what to call ``source`` in errors, for bytes.
        start: the first frame, counted in the order of showing.
        stride: frames from one that is given to the next.
        squared: whether pixels that are not square (DVDs, DV) are resampled to square ones.

    Raises:
        ConfigError: naming the file and the reason, if it is missing, truncated, or damaged. The
            end is only judged once it is reached.
    """
    with opened(source, name) as (container, stream):
        reformatter = VideoReformatter()  # one for all frames: twice as fast
        size: tuple[int, int] | None = None
        aspect = sample_aspect(stream) if squared else Fraction(1)
        for frame in islice(decoded(container, stream), start, None, stride):
            size = size or (frame.width, frame.height)
            # threads=1: several slow PyAV down from version 17 on (PyAV issue 2200)
            rgb = reformatter.reformat(frame, *size, "rgb24", interpolation=EXACT, threads=1)
            pixels: Frames = np.asarray(rgb.to_ndarray(), np.uint8)
            yield upright(square(pixels, aspect), display_matrix(frame))


def sample_aspect(stream: Any) -> Fraction:
    """Width of a stored pixel by its height; 1 where the file does not say."""
    return Fraction(stream.sample_aspect_ratio or 1)


def read_video(
    source: Path | str | bytes,
    *,
    name: str | None = None,
    start: int = 0,
    frames: int | None = None,
    stride: int = 1,
) -> Frames:
    """Clip (T, H, W, 3): all frames, or ``frames`` of them from ``start`` on.

    Raises:
        ConfigError: as :func:`iterate_video`, and if there are fewer frames than asked for.
    """
    clip = list(islice(iterate_video(source, name=name, start=start, stride=stride), frames))
    if not clip or (frames is not None and len(clip) < frames):
        wanted = 1 if frames is None else frames
        raise ConfigError(
            f"{source_name(source, name)}: {wanted} frames from frame {start} at stride {stride} "
            f"were asked for, it has {len(clip)}"
        )
    return np.stack(clip)


def count_frames(source: Path | str | bytes, *, name: str | None = None) -> int:
    """Number of frames, by decoding all of them: the only count that is true of every format.

    Raises:
        ConfigError: as :func:`iterate_video`.
    """
    with opened(source, name) as (container, stream):
        return sum(1 for _ in decoded(container, stream))


def read_image(source: Path | str | bytes, *, name: str | None = None) -> Frames:
    """One image (H, W, 3), turned and mirrored as its EXIF says; transparency is dropped.

    Raises:
        ConfigError: naming the file and the reason; for an animation, and for floats too.
    """
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        with _quiet(), Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise ValueError(
                    f"{image.height} x {image.width} pixels are too many: "
                    f"at most {MAX_IMAGE_PIXELS} are read"
                )
            return rgb_levels(image, data)
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{source_name(source, name)}: no such file") from None
    except (*DAMAGES, OSError, Image.DecompressionBombError) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else error
        raise ConfigError(f"{source_name(source, name)}: {reason}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warning of large pictures: they are refused, in a line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def write_video(
    path: Path | str,
    frames: Iterable[Any],
    *,
    fps: float,
    times: Sequence[Fraction] | None = None,
    aspect: Fraction = Fraction(1),
) -> None:
    """Write ``frames`` as H.264 in MP4; all of it or nothing.

    Every browser plays sizes that are even. Odd ones have no 4:2:0 in H.264 and keep all colours
    (4:4:4), which FFmpeg's players and Chrome play.

    Args:
        path: replaced if it is there.
        frames: uint8 (H, W, 3), arrays or CPU tensors.
        fps: frames a second.
        times: seconds at which each is shown, then the end of the last; None is a constant rate.
        aspect: width of a pixel by its height.

    Raises:
        ConfigError: if there is no frame, or the file cannot be written.
    """
    path = Path(path)
    rows = iter(frames)
    first = next(rows, None)
    if first is None:
        raise ConfigError(f"{path}: a video needs at least one frame, got none")
    whole = chain([first], rows)
    try:
        write_atomic(
            path, lambda partial: _encode(partial, whole, fps=fps, times=times, aspect=aspect)
        )
    except (OSError, av.FFmpegError) as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def _encode(
    path: Path,
    frames: Iterable[Any],
    *,
    fps: float,
    times: Sequence[Fraction] | None,
    aspect: Fraction,
) -> None:
    stamps = None if times is None else _stamps(times)
    reformatter = VideoReformatter()
    options = {"movflags": "faststart"}
    with av.open(f"file:{path}", "w", format="mp4", options=options) as container:
        stream: Any = None
        for i, pixels in enumerate(map(np.asarray, frames)):
            if stream is None:
                stream = _stream(container, pixels.shape, fps=fps, aspect=aspect)
                if stamps is not None:
                    stream.codec_context.time_base = stamps[0]
            rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            coded = reformatter.reformat(rgb, format=stream.pix_fmt, interpolation=EXACT, threads=1)
            if stamps is not None:
                coded.time_base, coded.pts = stamps[0], stamps[1][i]
            container.mux(_lasting(stream.encode(coded), stamps))
        container.mux(_lasting(stream.encode(None), stamps))


def _lasting(packets: list[Any], stamps: tuple[Fraction, list[int]] | None) -> list[Any]:
    """``packets`` with how long their frames are shown; the encoder says 1 / fps of all."""
    if stamps is not None:
        for packet in packets:
            packet.duration = stamps[1][bisect_right(stamps[1], packet.pts)] - packet.pts
    return packets


def _stream(container: Any, shape: tuple[int, ...], *, fps: float, aspect: Fraction) -> Any:
    """An H.264 stream for frames of ``shape`` (H, W, 3)."""
    rate = max(Fraction(fps).limit_denominator(1001), SLOWEST)  # 30000/1001 and its kin exactly
    options = {"crf": str(CRF), "x264-params": REPEATABLE}
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.codec_context.thread_count = 1
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv444p" if shape[0] % 2 or shape[1] % 2 else "yuv420p"
    if aspect != 1:
        stream.codec_context.sample_aspect_ratio = aspect
    return stream


def _stamps(times: Sequence[Fraction]) -> tuple[Fraction, list[int]]:
    """A unit of time in seconds, and ``times`` counted in it: exactly, where it is not too fine."""
    unit = min(lcm(*(time.denominator for time in times)), FINEST_TICK)
    return Fraction(1, unit), [round(time * unit) for time in times]
