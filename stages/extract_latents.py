"""Between VAE and Latte: posterior moments of every clip, and each channel's mean and deviation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pvvae import distributed
from pvvae.data.clips import HeldOutClips, held_out_clips, to_pixels
from pvvae.data.latents import channel_statistics, shard_path, write_shard, write_statistics
from pvvae.model import PredictiveVAE
from pvvae.pretrained import load_vae
from pvvae.progress import progress
from pvvae.run import Run, RunConfig


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """Every clip is centre-cropped and encoded whole; moments are kept, so Latte can sample."""

    vae: str
    """Run folder of a VAE stage."""
    train: str
    """Shards of the clips that Latte will learn."""
    held_out: str | None = None
    """Shards of the clips that its validation loss is measured on."""
    frames: int = 17
    """Section 4.1."""
    height: int = 256
    """Section 4.1."""
    width: int = 256
    """Section 4.1."""
    clips_per_shard: int = 512
    """Ours: 170 MB a file at paper size; a killed run repeats at most one of them a process."""
    batch: int = 4
    """Clips encoded at once."""


def run(config: Config) -> None:
    """Encode what is not encoded yet; results are in RUN/train, RUN/held_out."""
    record = Run(config, stage="extract_latents")
    if record.finished:
        return
    vae = load_vae(Path(config.vae)).to(distributed.device())
    lines = []
    for split, shards in (("train", config.train), ("held_out", config.held_out)):
        if shards is None:
            continue
        clips = held_out_clips(
            shards, frames=config.frames, height=config.height, width=config.width
        )
        _encode_split(vae, clips, record.folder / split, config, title=f"latents: {split}")
        distributed.barrier()
        lines.append(_summarise(record.folder / split, split, clips))
    record.write_metrics(lines)
    record.finish({str(line["split"]): line["clips"] for line in lines})


def _encode_split(
    vae: PredictiveVAE, clips: HeldOutClips, folder: Path, config: Config, *, title: str
) -> None:
    """This process's shards of one split; each is whole or absent."""
    starts = range(0, len(clips), config.clips_per_shard)
    mine = list(enumerate(starts))[distributed.rank() :: distributed.world_size()]
    with progress(title, len(mine)) as bar:
        for number, start in mine:
            if not shard_path(folder, number).exists():
                stop = min(start + config.clips_per_shard, len(clips))
                _encode_shard(
                    vae, clips, range(start, stop), shard_path(folder, number), config.batch
                )
            bar.update()


@torch.inference_mode()
def _encode_shard(
    vae: PredictiveVAE, clips: HeldOutClips, indices: range, path: Path, batch: int
) -> None:
    means, logvars, labels = [], [], []
    for first in range(indices.start, indices.stop, batch):
        chosen = [clips[i] for i in range(first, min(first + batch, indices.stop))]
        x = torch.cat([to_pixels(clip.frames) for clip in chosen]).to(distributed.device())
        posterior = vae.backbone.encode(x)
        means.append(posterior.mean.cpu())
        logvars.append(posterior.logvar.cpu())
        labels += [-1 if clip.label is None else clip.label for clip in chosen]
    write_shard(path, mean=torch.cat(means), logvar=torch.cat(logvars), labels=torch.tensor(labels))


def _summarise(folder: Path, split: str, clips: HeldOutClips) -> dict[str, Any]:
    """Write the split's statistics; its line for metrics.jsonl."""
    statistics = channel_statistics(folder)
    if distributed.is_main():
        write_statistics(folder, statistics, classes=clips.classes)
    return {
        "step": 0,
        "kind": "latents",
        "split": split,
        "clips": len(clips),
        "mean": statistics.mean.mean().item(),
        "deviation": statistics.deviation.mean().item(),
        "times": {},
    }
