"""Table 1: how far samples are from the clips that Latte learned."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pvvae import distributed
from pvvae.data.clips import held_out_clips
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.metrics.fvd import FVD
from pvvae.progress import progress
from pvvae.run import Run, RunConfig


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """Real clips against samples, equally many."""

    samples: str
    """Run folder of stage generate."""
    real: str
    """Shards of the real clips: those that Latte was trained on, as StyleGAN-V and Latte do."""
    num: int = 2048
    """Section 4.1, of each kind."""
    height: int = 256
    """Section 4.1."""
    width: int = 256
    """Section 4.1."""


def run(config: Config) -> None:
    """Measure, and write RUN/results.json."""
    record = Run(config, stage="evaluate_generation")
    if record.finished:
        return
    paths = sorted((Path(config.samples) / "clips").glob("*.npy"))[: config.num]
    if len(paths) < config.num:
        raise ConfigError(f"{config.samples}: has {len(paths)} samples, num asks for {config.num}")
    frames = int(np.load(paths[0], mmap_mode="r").shape[0])
    real = held_out_clips(
        config.real, frames=frames, height=config.height, width=config.width, limit=config.num
    )
    videos = FVD(device=str(distributed.device()))
    features: dict[tuple[str, int], Tensor] = {}
    mine = range(distributed.rank(), config.num, distributed.world_size())
    with progress(record.folder.name, len(mine)) as bar:
        for index in mine:
            sampled = torch.from_numpy(np.load(paths[index]))[None]
            features["sample", index] = videos.update(sampled, real=False)
            if index < len(real):
                clip = torch.from_numpy(np.array(real[index].frames))[None]
                features["real", index] = videos.update(clip, real=True)
            bar.update()
    _conclude(record, features, frames)


def _conclude(record: Run, features: dict[tuple[str, int], Tensor], frames: int) -> None:
    whole: dict[tuple[str, int], Tensor] = {}
    for part in distributed.gather_objects(features):
        assert isinstance(part, dict)
        whole |= part
    videos = FVD()
    for kind, index in sorted(whole):
        videos.add(whole[kind, index], frames=frames, real=kind == "real")
    found = videos.compute()
    metrics = {"fvd": found.fvd, "kvd": found.kvd}
    results = {
        "metrics": metrics,
        "clips": {"real": found.num_real, "samples": found.num_generated},
        "floor": {"fvd": found.floor, "clips": found.num_floor},
        "protocol": found.protocol,
    }
    if distributed.is_main():
        write_json(record.folder / "results.json", results)
    record.write_metrics([{"step": 0, "kind": "generation", **metrics, "times": {}}])
    record.finish({"clips": found.num_generated})
