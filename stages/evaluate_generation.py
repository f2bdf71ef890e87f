"""Table 1: how far samples are from the clips that Latte learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pvvae import distributed
from pvvae.bounds import at_least
from pvvae.data.clips import held_out_clips
from pvvae.errors import ConfigError
from pvvae.items import Items
from pvvae.kept import Kept, Row
from pvvae.metrics.fvd import FVD
from pvvae.results import FILE, Results, Value
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

    def __post_init__(self) -> None:
        at_least(2, {"num": self.num})  # FVD is a distance between covariances
        at_least(1, {"height": self.height, "width": self.width})


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
    kept = Kept(record.folder / "measured")
    videos = FVD(device=str(distributed.device()))
    for index in Items(record, range(config.num), kept=kept.has):
        row = {"sample": videos.features_of(torch.from_numpy(np.load(paths[index]))[None])}
        if index < len(real):
            clip = torch.from_numpy(np.array(real[index].frames))[None]
            row["real"] = videos.features_of(clip)
        kept.keep(index, row)
    _conclude(record, kept.rows(range(config.num)), frames)
    kept.discard()


def _conclude(record: Run, rows: Sequence[Row], frames: int) -> None:
    videos = FVD()
    for row in rows:
        for kind, features in row.items():
            videos.add(features, frames=frames, real=kind == "real")
    found = videos.compute()
    metrics = {"fvd": found.fvd, "kvd": found.kvd}
    results = Results(
        metrics={name: Value(value=value) for name, value in metrics.items()},
        protocol={"fvd": found.protocol},
        counts={"real": found.num_real, "samples": found.num_generated},
        facts={"floor": {"fvd": found.floor, "clips": found.num_floor}},
    )
    if distributed.is_main():
        results.write(record.folder / FILE)
    record.write_metrics([{"step": 0, "kind": "generation", **metrics, "times": {}}])
    record.finish({"clips": found.num_generated})
