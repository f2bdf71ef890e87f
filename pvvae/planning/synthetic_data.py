"""Data without content, in the places and shapes that a stage's own would have."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pvvae.data.latent_shards import (
    channel_statistics,
    shard_path,
    write_shard,
    write_statistics,
)
from pvvae.data.packing.pack import pack
from pvvae.data.schedule import Bucket
from pvvae.data.video.video import write_video


def made_up_clips(folder: Path, buckets: Sequence[Bucket], *, stride: int, processes: int) -> Path:
    """Shards of still clips, long and large enough for every bucket; one a process, as it must be.

    Args:
        folder: to write into.
        buckets: whose shapes the clips must hold.
        stride: frames between two that a bucket takes.
        processes: that share the shards.

    Returns:
        The folder of shards.
    """
    frames = max((bucket.frames - 1) * stride + 1 for bucket in buckets)
    height, width = max(b.height for b in buckets), max(b.width for b in buckets)
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    (folder / "videos").mkdir()
    for number in range(processes):
        write_video(folder / f"videos/{number}.mp4", [picture] * frames, fps=25)
    pack(
        folder / "videos",
        folder / "clips",
        frames=frames,
        short_side=min(height, width),
        shards=processes,
    )
    return folder / "clips"


def made_up_latents(folder: Path, grid: Sequence[int], *, channels: int, classes: int) -> Path:
    """A finished folder of latents (c, t, h, w), two of each class.

    Args:
        folder: to write into.
        grid: t, h and w.
        channels: c.
        classes: number of class labels, 0 for none.
    """
    number = 2 * max(classes, 1)
    noise = torch.randn(number, channels, *grid, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(number) % classes if classes else torch.full((number,), -1)
    path = shard_path(folder / "train", 0)
    path.parent.mkdir(parents=True)
    write_shard(path, mean=noise, logvar=torch.zeros_like(noise), labels=labels)
    names = [f"class {i}" for i in range(classes)]
    write_statistics(folder / "train", channel_statistics(folder / "train"), classes=names)
    return folder
