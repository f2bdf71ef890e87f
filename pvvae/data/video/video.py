"""Video and image files to and from uint8 frames (H, W, 3), through PyAV and Pillow.

A file is either read as it is or refused: a decoder hides damage where it can (it repeats blocks,
drops frames, stops early), so every reader here also asks the container what should have come.
PyAV because it is maintained and brings its own FFmpeg; decord is abandoned and torchvision has
dropped video.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import av.video.reformatter
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pvvae.data.video.containers import missing_bytes
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
SLACK = 0.1  # ours: seconds; rounding of a duration in a Matroska header is below a millisecond


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a container says about its video stream, before anything is decoded."""

    frames: int | None
    """None where the container does not know, or only guesses (AVI, MPEG, Matroska)."""

    fps: float
    height: int
    width: int


def probe(source: Path | str | bytes, *, name: str | None = None) -> VideoInfo:
    """Header facts only.

    Raises:
        ConfigError: if the file is missing or is no video.
    """
    with _opened(source, name) as (container, stream):
        known = stream.frames if _counts_frames(container) and stream.frames else None
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        return VideoInfo(frames=known, fps=fps, height=stream.height, width=stream.width)


def iterate_video(
    source: Path | str | bytes, *, name: str | None = None, start: int = 0, stride: int = 1
) -> Iterator[Frames]:
    """Frames (H, W, 3) one at a time, in constant memory: ``start``, ``start + stride``, ...

    Frames that are passed over are decoded but never converted to RGB. A display rotation (phones)
    is applied; should the size change on the way, later frames are brought to the first size.

    Args:
        source: a path, or the bytes of a file.
        name: what to call ``source`` in errors, for bytes.

    Raises:
        ConfigError: naming the file and the reason, if it is missing, truncated, or damaged. The
            end is only judged once it is reached.
    """
    with _opened(source, name) as (container, stream):
        reformatter = av.video.reformatter.VideoReformatter()  # one for all frames: twice as fast
        size: tuple[int, int] | None = None
        for frame in islice(_decoded(container, stream), start, None, stride):
            size = size or (frame.width, frame.height)
            # threads=1: several slow PyAV down from version 17 on (PyAV issue 2200)
            rgb = reformatter.reformat(frame, size[0], size[1], "rgb24", threads=1)
            pixels: Frames = np.asarray(rgb.to_ndarray(), np.uint8)
            turns = round(frame.rotation / 90) % 4
            yield np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


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
            f"{_name(source, name)}: {wanted} frames from frame {start} at stride {stride} "
            f"were asked for, it has {len(clip)}"
        )
    return np.stack(clip)


def count_frames(source: Path | str | bytes, *, name: str | None = None) -> int:
    """Number of frames, by decoding all of them: the only count that is true of every format.

    Raises:
        ConfigError: as :func:`iterate_video`.
    """
    with _opened(source, name) as (container, stream):
        return sum(1 for _ in _decoded(container, stream))


def read_image(source: Path | str | bytes, *, name: str | None = None) -> Frames:
    """One image (H, W, 3), turned as its EXIF says; transparency is dropped.

    Raises:
        ConfigError: naming the file and the reason; for an animation, and for floats too.
    """
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            return rgb_levels(image, data)
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{_name(source, name)}: no such file") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else error
        raise ConfigError(f"{_name(source, name)}: {reason}") from None


def write_video(path: Path | str, frames: Iterable[Any], *, fps: float) -> None:
    """Write ``frames`` as H.264 in MP4, which every browser plays; all of it or nothing.

    Frames are uint8 (H, W, 3), arrays or CPU tensors. 4:2:0 colour needs even sizes: an odd last
    row or column is written twice.

    Raises:
        ConfigError: if there is no frame, or the file cannot be written.
    """
    path = Path(path)
    rows = iter(frames)
    first = next(rows, None)
    if first is None:
        raise ConfigError(f"{path}: a video needs at least one frame, got none")
    try:
        write_atomic(path, lambda partial: _encode(partial, chain([first], rows), fps))
    except (OSError, av.FFmpegError) as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def _encode(path: Path, frames: Iterable[Any], fps: float) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = None
        for frame in map(np.asarray, frames):
            padded = np.pad(
                frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), "edge"
            )
            if stream is None:
                rate = Fraction(fps).limit_denominator(1001)  # 30000/1001 and its kin exactly
                options = {"crf": str(CRF), "x264-params": REPEATABLE}
                stream = container.add_stream("libx264", rate=rate, options=options)
                stream.codec_context.thread_count = 1
                stream.height, stream.width = padded.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(padded, format="rgb24")))
        container.mux(stream.encode(None))


def _name(source: Path | str | bytes, name: str | None) -> str:
    return name or ("video bytes" if isinstance(source, bytes) else str(source))


@contextmanager
def _opened(source: Path | str | bytes, name: str | None) -> Iterator[tuple[Any, Any]]:
    """Container and video stream; whatever FFmpeg says on the way becomes one line."""
    where = _name(source, name)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise ConfigError(f"{where}: no such file")
    try:
        lost = missing_bytes(source)
        if lost:
            raise _DamagedError(f"truncated, {lost} bytes are missing")
        with av.open(
            io.BytesIO(source) if isinstance(source, bytes) else str(source),
            metadata_errors="replace",  # a title may be in any encoding
        ) as container:
            if not container.streams.video:
                raise _DamagedError("has no video stream")
            stream = container.streams.video[0]
            # Parallelism is across clips (workers), so that 8 workers are not 8 times all cores.
            stream.codec_context.thread_count = 1
            yield container, stream
    except (_DamagedError, PermissionError) as error:
        raise ConfigError(f"{where}: {error}") from None
    except av.FFmpegError as error:
        raise ConfigError(f"{where}: cannot be decoded ({error.strerror})") from None


class _DamagedError(Exception):
    """The file opens or decodes, but not to what it promises."""


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """All frames of a stream as FFmpeg's, checked for damage."""
    packets = frames = 0
    end = 0.0
    for packet in container.demux(stream):
        packets += bool(packet.size) and not packet.is_discard
        if packet.is_corrupt:
            raise _DamagedError(f"damaged at frame {frames}")
        for frame in packet.decode():
            if frame.is_corrupt:
                raise _DamagedError(f"damaged at frame {frames}")
            frames += 1
            end = max(end, frame.time or 0.0)
            yield frame
    # Only these promise a count or a length; others (AVI, MPEG) estimate theirs from the bit rate,
    # or count frames that were never stored.
    if _counts_frames(container):
        promised = min(stream.frames, len(stream.index_entries)) if stream.frames else packets
        if packets < promised or frames < packets:
            raise _DamagedError(f"only {frames} of {max(promised, packets)} frames can be decoded")
    elif "matroska" in container.format.name and len(container.streams) == 1 and container.duration:
        length = container.duration / av.time_base
        if end + 2 / float(stream.average_rate or 25) + SLACK < length:
            raise _DamagedError(f"decodes to {end:.2f} s of {length:.2f} s")


def _counts_frames(container: Any) -> bool:
    return "mov" in container.format.name.split(",")
