"""Between VAE and Latte: posterior moments of every clip, and each channel's mean and deviation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from arch.interface import PeerConfig
from arch.ranges import Count
from pvvae import distributed
from pvvae.data.clip_shape import ClipShape
from pvvae.data.clips import HeldOutClip, to_pixels
from pvvae.data.latent_scale import encoder_digest
from pvvae.data.latent_shards import channel_statistics, shard_path, write_shard, write_statistics
from pvvae.model import PredictiveVAE
from pvvae.pretrained.vae_source import check_trained, open_vae
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run, RunConfig


@dataclass(frozen=True, kw_only=True)
class Config(ClipShape, RunConfig):
    """Every clip is centre-cropped and encoded whole; moments are kept, so Latte can sample."""

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer with weights."""
    train: str
    """Shards of the clips that Latte will learn."""
    held_out: str | None = None
    """Shards of the clips that its validation loss is measured on."""
    flips: bool = False
    """Whether each training clip is encoded mirrored too: what a denoiser that reads cached latents
    has in place of Latte's random flips. Twice the disk."""
    clips_per_shard: Count = 512
    """Ours: 170 MB a file at paper size; a killed run repeats at most one of them a process."""
    batch: Count = 4
    """Clips encoded at once."""

    def __post_init__(self) -> None:
        check_trained(self.vae)


class _LatentSplit:
    """Clips of one folder of shards, and where their latents go."""

    def __init__(self, name: str, shards: str, config: Config) -> None:
        self.name, self.folder = name, Path(config.run) / name
        self.clips = config.held_out_clips(shards)
        self.mirrored = config.flips and name == "train"

    def __len__(self) -> int:
        """Latents: of the clips in their order, then of the same clips mirrored."""
        return len(self.clips) * (2 if self.mirrored else 1)

    def clip(self, index: int) -> HeldOutClip:
        """What the latent ``index`` is of."""
        turn, place = divmod(index, len(self.clips))
        clip = self.clips[place]
        return replace(clip, frames=clip.frames[:, :, ::-1].copy()) if turn else clip

    def shards(self, size: int) -> list["_Shard"]:
        """All of it, ``size`` clips each."""
        starts = range(0, len(self), size)
        return [
            _Shard(self, number, range(start, min(start + size, len(self))))
            for number, start in enumerate(starts)
        ]


@dataclass(frozen=True)
class _Shard:
    split: _LatentSplit
    number: int
    indices: range

    @property
    def path(self) -> Path:
        return shard_path(self.split.folder, self.number)


def run(config: Config) -> None:
    """Encode what is not encoded yet; results are in RUN/train, RUN/held_out."""
    record = Run(config, stage="extract_latents")
    if record.finished:
        return
    vae = open_vae(config.vae).to(distributed.device())
    folders = {"train": config.train, "held_out": config.held_out}
    splits = [
        _LatentSplit(name, path, config) for name, path in folders.items() if path is not None
    ]
    shards = ResumableItems(
        record,
        [shard for split in splits for shard in split.shards(config.clips_per_shard)],
        kept=lambda shard: shard.path.exists(),
        clips=lambda shard: len(shard.indices),
    )
    for shard in shards:
        _encode_shard(vae, shard, config.batch, shards.part)
    encoder = encoder_digest(vae.backbone.encoder)
    lines = [_summarise(split, encoder) for split in splits]
    record.write_metrics(lines)
    record.finish({str(line["split"]): line["clips"] for line in lines})


@torch.inference_mode()
def _encode_shard(
    vae: PredictiveVAE, shard: _Shard, batch: int, part: Callable[[float], None]
) -> None:
    """Write one shard, whole; ``part`` is told how much of it is encoded."""
    means, logvars, labels = [], [], []
    indices = shard.indices
    for first in range(indices.start, indices.stop, batch):
        chosen = [shard.split.clip(i) for i in range(first, min(first + batch, indices.stop))]
        x = torch.cat([to_pixels(clip.frames) for clip in chosen]).to(distributed.device())
        posterior = vae.backbone.encode(x)
        means.append(posterior.mean.cpu())
        logvars.append(posterior.logvar.cpu())
        labels += [-1 if clip.label is None else clip.label for clip in chosen]
        part(len(labels) / len(indices))
    write_shard(
        shard.path, mean=torch.cat(means), logvar=torch.cat(logvars), labels=torch.tensor(labels)
    )


def _summarise(split: _LatentSplit, encoder: str) -> dict[str, Any]:
    """Write the split's statistics; its line for metrics.jsonl."""
    statistics = channel_statistics(split.folder)
    if distributed.is_main():
        write_statistics(
            split.folder,
            statistics,
            classes=split.clips.classes,
            encoder=encoder,
            unique=len(split.clips),
        )
    return {
        "step": 0,
        "kind": "latents",
        "split": split.name,
        "clips": len(split),
        "mean": statistics.mean.mean().item(),
        "deviation": statistics.deviation.mean().item(),
        "times": {},
    }
