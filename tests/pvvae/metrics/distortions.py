"""The packaged real clips, and the same re-encoded, cropped and blurred at several strengths."""

import io
from collections.abc import Callable

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pvvae.data.packing.sample_videos import sample_videos
from pvvae.data.video.video import read_video

FRAMES, HEIGHT, WIDTH = 9, 80, 112
"""As few as I3D takes, and small: agreement does not depend on the size."""

Clip = NDArray[np.uint8]
"""(T, H, W, 3)."""


def real_clips() -> list[Clip]:
    """The first frames of all four packaged videos, as they are made small."""
    clips = [read_video(video.path(), frames=FRAMES) for video in sample_videos()]
    return [_each(clip, lambda frame: frame.resize((WIDTH, HEIGHT))) for clip in clips]


def reencoded(clip: Clip, crf: int) -> Clip:
    """Through x264 at this rate factor, in memory."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in clip:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return read_video(buffer.getvalue())


def cropped(clip: Clip, margin: int) -> Clip:
    """Without ``margin`` pixels at every edge, and as large as before."""
    box = (margin, margin, WIDTH - margin, HEIGHT - margin)
    return _each(clip, lambda frame: frame.crop(box).resize((WIDTH, HEIGHT)))


def blurred(clip: Clip, radius: int) -> Clip:
    """By a Gaussian of this deviation in pixels."""
    return _each(clip, lambda frame: frame.filter(ImageFilter.GaussianBlur(radius)))


DISTORTIONS: dict[str, Callable[[Clip], Clip]] = {
    "x264 crf 23": lambda clip: reencoded(clip, 23),
    "x264 crf 40": lambda clip: reencoded(clip, 40),
    "crop 2": lambda clip: cropped(clip, 2),
    "crop 12": lambda clip: cropped(clip, 12),
    "blur 1": lambda clip: blurred(clip, 1),
    "blur 4": lambda clip: blurred(clip, 4),
}


def _each(clip: Clip, change: Callable[[Image.Image], Image.Image]) -> Clip:
    return np.stack([np.asarray(change(Image.fromarray(frame))) for frame in clip])
