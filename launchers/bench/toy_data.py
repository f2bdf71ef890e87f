"""Clips and latents to time steps on: made here, so that a bench needs nothing downloaded."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pvvae.data.latent_shards import (
    channel_statistics,
    shard_path,
    write_shard,
    write_statistics,
)
from pvvae.data.packing.pack import pack
from pvvae.data.video.video import write_video

SIZE = 64
"""Pixels a side of every clip."""
FRAMES = 17
"""The paper's clip (section 4.1)."""
VIDEOS = 8
LATENTS = 256
"""Both ours: more than a batch, made in a second."""


def make_shards(folder: Path) -> Path:
    """Smooth noise that slides, packed as a user packs videos; the folder of shards.

    Once made, they stay.
    """
    for number in range(VIDEOS):
        path = folder / "videos" / f"{number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():  # else those packed already would count as changed
            write_video(path, _sliding(number), fps=25)
    pack(folder / "videos", folder / "shards", short_side=SIZE, shards=2, frames=FRAMES)
    return folder / "shards"


def make_latents(folder: Path, *, shape: tuple[int, int, int, int], classes: int) -> Path:
    """A run folder as extract_latents leaves it, with latents (c, t, h, w) that are noise."""
    train = folder / "train"
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn((LATENTS, *shape), generator=generator)
    labels = torch.arange(LATENTS) % classes
    write_shard(shard_path(train, 0), mean=mean, logvar=torch.full_like(mean, -2.0), labels=labels)
    names = [str(label) for label in range(classes)]
    write_statistics(train, channel_statistics(train), classes=names)
    return folder


def _sliding(seed: int) -> NDArray[np.uint8]:
    """(T, H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3))
    picture = np.kron(coarse, np.ones((SIZE // 8, SIZE // 8, 1)))
    return np.stack([np.roll(picture, i, axis=1) for i in range(2 * FRAMES)]).astype(np.uint8)
