"""TSpeed and TMem of Table 1: Latte's whole training step, with the frozen encoder in it.

That the paper's step has it is inferred (:mod:`pvvae.timing.latte_steps`); so the step without it
is measured too.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from statistics import fmean

import torch

from arch.interface import DenoiserConfig
from pvvae import distributed
from pvvae.engine import EngineConfig
from pvvae.engine.settings import OptimizerConfig
from pvvae.evaluation.stage import finish_with_results
from pvvae.run.progress_bar import progress
from pvvae.run.run import Run
from pvvae.timing.latte_steps import LatteSteps, PeakMemory, cached, encoded, noise_like_latents
from pvvae.timing.load import Load, spread
from pvvae.timing.protocol import SpeedConfig
from pvvae.timing.speed import Rounds, now

FIRST_STEPS = 2
"""Before memory is looked at: the first step makes the optimizer's moments."""


@dataclass(frozen=True, kw_only=True)
class Config(SpeedConfig):
    """The denoiser and what trains it, beside the VAE whose latents it learns."""

    denoiser: DenoiserConfig
    """Sizes of the denoiser; its channels are replaced by those of the VAE's latents."""
    optimizer: OptimizerConfig = OptimizerConfig(lr=1e-4, schedule="constant", warmup=0)
    """Optimizer of stage latte; none of its numbers matters for speed."""
    engine: EngineConfig = EngineConfig(zero_stage=1, ema_decay=0.9999)
    """Engine of stage latte; its precision is that of this config."""


def run(config: Config) -> None:
    """Measure, and write RUN/results.json: speed and memory (bytes) under ``times``.

    ``tspeed`` and ``tmem`` are of the whole step, ``tspeed_cached`` and ``tmem_cached``
    of the same step on latents that lie ready. The VAE is held whole, as code that encodes online
    does. Both steps are timed in turn.
    """
    config.check(distributed.world_size())
    record = Run(config, stage="measure_training")
    if record.finished:
        return
    device, memory = distributed.device(), PeakMemory(distributed.device())
    backbone, parameters = config.build()
    like = noise_like_latents(backbone, config.shape, device=device, dtype=config.dtype)
    with memory.counted():
        steps = LatteSteps(
            config.denoiser,
            like=like,
            engine=replace(config.engine, precision=config.precision),
            optimizer=config.optimizer,
        )
    ways: dict[str, Callable[[], None]] = {"cached": lambda: steps.step(cached(like))}
    peaks = {"cached": _peak(memory, ways["cached"])}
    with memory.counted():
        backbone = deepcopy(backbone).to(device, config.dtype)  # a copy is made, so it counts
        x = torch.rand(config.shape, device=device).to(config.dtype) * 2 - 1
    ways["whole"] = lambda: steps.step(encoded(backbone, x))
    peaks["whole"] = _peak(memory, ways["whole"])
    load = Load()
    laps = _in_turn(ways, config.turns)
    seconds = {name: fmean(values) for name, values in laps.items()}
    times = {
        "tspeed": 1.0 / seconds["whole"],
        "tmem": peaks["whole"],
        "tspeed_cached": 1.0 / seconds["cached"],
        "tmem_cached": peaks["cached"],
        **load.facts(),
        **spread("tspeed", laps["whole"]),
        **spread("tspeed_cached", laps["cached"]),
    }
    found = config.results(
        "tspeed",
        latent=backbone.latent_config,
        parameters={"parameters": parameters, "denoiser_parameters": steps.parameters},
        times=times,
    )
    finish_with_results(record, found, kind="training_speed", done={"rounds": config.rounds})


def _peak(memory: PeakMemory, work: Callable[[], None]) -> int:
    with memory.counted():
        for _ in range(FIRST_STEPS):
            work()
    return memory.peak(work)


def _in_turn(ways: Mapping[str, Callable[[], None]], rounds: Rounds) -> dict[str, list[float]]:
    """Seconds of each step of each way, one after the other in every round."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    total = rounds.warmup + rounds.timed
    with progress("steps", total) as bar:
        for turn in range(total):
            for name, step in ways.items():
                began = now()
                step()
                if turn >= rounds.warmup:
                    found[name].append(now() - began)
            bar.update(1)
    return found
