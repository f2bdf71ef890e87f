"""ISpeed and IMem of Table 2: how fast a VAE rebuilds clips, and in how much memory."""

from dataclasses import dataclass
from statistics import fmean

import torch

from pvvae import distributed
from pvvae.evaluation.stage import finish_with_results
from pvvae.run.run import Run
from pvvae.timing.load import Load, spread
from pvvae.timing.protocol import SpeedConfig
from pvvae.timing.speed import peak_bytes, time_in_turn


@dataclass(frozen=True, kw_only=True)
class Config(SpeedConfig):
    """See :class:`pvvae.timing.protocol.SpeedConfig`."""


def run(config: Config) -> None:
    """Measure, and write RUN/results.json: speed and memory (bytes) under ``times``."""
    config.check(distributed.world_size())
    record = Run(config, stage="measure_reconstruction")
    if record.finished:
        return
    device = distributed.device()
    backbone, parameters = config.build()
    backbone = backbone.to(device, config.dtype)
    x = torch.rand(config.shape, generator=torch.Generator().manual_seed(config.seed)) * 2 - 1
    x = x.to(device, config.dtype)
    peak = peak_bytes(backbone, x)
    load = Load()
    seconds = time_in_turn({"vae": backbone}, x, rounds=config.turns, train=False)
    mean = {part: fmean(of["vae"]) for part, of in seconds.items()}
    times = {
        "ispeed": 1.0 / mean["reconstruct"],
        "imem": peak,
        "encode_seconds": mean["encode"] / config.batch,
        "decode_seconds": mean["decode"] / config.batch,
        **load.facts(),
        **spread("ispeed", seconds["reconstruct"]["vae"]),
        **spread("encode_seconds", seconds["encode"]["vae"], each=config.batch),
        **spread("decode_seconds", seconds["decode"]["vae"], each=config.batch),
    }
    found = config.results(
        "ispeed",
        latent=backbone.latent_config,
        parameters={"parameters": parameters},
        times=times,
    )
    finish_with_results(record, found, kind="reconstruction_speed", done={"rounds": config.rounds})
