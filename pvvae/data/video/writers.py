"""Clips (T, H, W, 3), uint8, as files to look at: STEM.mp4, STEM.gif, STEM/0000.png and so on."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from pvvae.data.video.video import SAMPLE_FPS, Frames, write_video
from pvvae.files import write_atomic

COLUMNS = 4
"""Clips in a row; ours."""


def contact_sheet(clips: list[Frames]) -> Frames:
    """Clips (T, H, W, C) of one shape side by side, four in a row."""
    columns = min(COLUMNS, len(clips))
    rows = [clips[i : i + columns] for i in range(0, len(clips), columns)]
    blank = np.zeros_like(clips[0])
    full = [row + [blank] * (columns - len(row)) for row in rows]
    return np.concatenate([np.concatenate(row, axis=2) for row in full], axis=1)


MILLISECONDS = 1000 // SAMPLE_FPS


def write_mp4(stem: Path, clip: Frames) -> None:
    """H.264, which loses a little."""
    write_video(stem.with_name(f"{stem.name}.mp4"), clip, fps=SAMPLE_FPS)


def write_gif(stem: Path, clip: Frames) -> None:
    """An endless animation; each frame has 256 colours of its own."""
    first, *others = (Image.fromarray(frame) for frame in clip)
    held = BytesIO()
    first.save(held, "gif", save_all=True, append_images=others, duration=MILLISECONDS, loop=0)
    write_atomic(stem.with_name(f"{stem.name}.gif"), partial(_put, held.getvalue()))


def write_frames(stem: Path, clip: Frames) -> None:
    """A folder of PNG, which lose nothing."""
    for number, frame in enumerate(clip):
        held = BytesIO()
        Image.fromarray(frame).save(held, "png")
        write_atomic(stem / f"{number:04d}.png", partial(_put, held.getvalue()))


def _put(content: bytes, path: Path) -> None:
    path.write_bytes(content)


WRITERS: dict[str, Callable[[Path, Frames], None]] = {
    "mp4": write_mp4,
    "gif": write_gif,
    "frames": write_frames,
}
"""By the name of the format; each raises a ConfigError where it cannot write."""
