"""Clips as videos and pictures that stand in the page itself."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from PIL import Image

from pvvae.data.video.video import CRF, REPEATABLE, Frames

FPS = 8
"""Frames a second: Latte's, as the sample videos of training."""
SIDE = 192
"""Ours: height in pixels that clips are shown at; 64 times 3, sharp on a screen and small."""
STRIP_SIDE = 128
"""Ours: largest height of a still, which the page shows at about 100."""
BAR, GAP = 8, 6
"""Ours: height of the coloured bar and space between clips, in pixels of the video."""
OBSERVED, PREDICTED = (100, 116, 139), (245, 158, 11)
"""Colours of frames the encoder saw and of those it did not: slate and amber of the page's CSS."""


def enlarged(clip: Frames) -> Frames:
    """A clip (T, H, W, 3) near ``SIDE`` high: pixels repeated, or every few of them left out."""
    factor = max(1, SIDE // clip.shape[1])
    fewer = -(-clip.shape[1] // (2 * SIDE))
    return clip[:, ::fewer, ::fewer].repeat(factor, axis=1).repeat(factor, axis=2)


def with_bar(clip: Frames, *, observed: int) -> Frames:
    """A bar above each frame that changes its colour where the observed frames end."""
    bar = np.empty((clip.shape[0], BAR, *clip.shape[2:]), np.uint8)
    bar[:observed], bar[observed:] = OBSERVED, PREDICTED
    return np.concatenate([bar, clip], axis=1)


def beside(clips: Sequence[Frames]) -> Frames:
    """Clips of one shape in a row, a white gap between them."""
    gap = np.full((*clips[0].shape[:2], GAP, 3), 255, np.uint8)
    parts = [part for clip in clips for part in (gap, clip)][1:]
    return np.concatenate(parts, axis=2)


def video_uri(frames: Frames) -> str:
    """H.264 as a data URI: frames (T, H, W, 3), uint8, of even height and width.

    Equal frames make equal bytes, so that pages of equal runs are equal.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"crf": str(CRF), "x264-params": REPEATABLE}
        stream: Any = container.add_stream("libx264", rate=FPS, options=options)
        stream.codec_context.thread_count = 1
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return _uri("video/mp4", file.getvalue())


def picture_uri(frame: Frames) -> str:
    """PNG as a data URI: one frame (H, W, 3), uint8."""
    fewer = -(-frame.shape[0] // STRIP_SIDE)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame[::fewer, ::fewer])).save(file, "PNG", optimize=True)
    return _uri("image/png", file.getvalue())


def strip_frames(frames: int, *, observed: int, shown: int = 6) -> list[int]:
    """Frames of a film strip: the first and last observed one, then evenly to the end.

    Six are ours: a row of them is as wide as the page.
    """
    start = [0] if observed == 1 else [0, observed - 1]
    rest = np.linspace(observed, frames - 1, max(shown - len(start), 1)).round().astype(int)
    return list(dict.fromkeys([*start, *rest.tolist()]))


def clip_psnr(clip: Frames, target: Frames) -> float:
    """Mean PSNR in dB over the frames of two uint8 clips; 100 at most, as in the evaluation."""
    error = ((clip.astype(np.float64) - target) / 255.0) ** 2
    each = error.mean(axis=(1, 2, 3)).clip(min=1e-10)
    return float((-10.0 * np.log10(each)).mean())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
