"""Small videos of moving patterns, packed as a user would pack theirs."""

from pathlib import Path

import numpy as np

from pvvae.data.packing.pack import pack
from pvvae.data.video.video import write_video


def moving_pattern(seed: int, *, frames: int, size: int = 50) -> np.ndarray:
    """Smooth noise that slides: uint8 (T, H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3))
    picture = np.kron(coarse, np.ones((size // 5, size // 5, 1)))[:size, :size]
    return np.stack([np.roll(picture, i, axis=1) for i in range(frames)]).astype(np.uint8)


def pack_toy_clips(folder: Path, *, shards: int = 2, frames: int = 17) -> Path:
    """Five videos of 35 frames (two clips of 17 each), one held out; the shards' folder."""
    for i, name in enumerate(("cats/a", "cats/b", "dogs/c", "dogs/d", "dogs/e")):
        path = folder / "videos" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, moving_pattern(i, frames=35), fps=25)
    out, held_out = folder / "shards", ("dogs/e.mp4",)
    pack(folder / "videos", out, frames=frames, short_side=48, shards=shards, held_out=held_out)
    return folder / "shards"
