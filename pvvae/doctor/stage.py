"""What a config wants of a machine, and whether the stage itself would begin."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pvvae.config import encode
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted
from pvvae.errors import ConfigError
from pvvae.evaluation.stage import EvaluationConfig
from pvvae.metrics.weight_catalog import I3D_KINETICS, LPIPS_ALEX, LPIPS_VGG
from pvvae.planning.plan import Machines, Plan, make_plan
from pvvae.planning.stage import stage_of
from pvvae.run.run import RunConfig
from pvvae.training.monitoring.flops import DEVICES, Device
from pvvae.vae.config import VAETrainingConfig

JOB_ENDS = "SLURM_JOB_END_TIME"
"""Slurm's: when the job's time limit is, in seconds since 1970."""
HOUR = 3600.0


def wanted_by(config: RunConfig, *, processes: int, nodes: int = 1) -> Wanted:
    """What a stage wants of one node, by its config alone.

    Args:
        config: the stage's.
        processes: on each node.
        nodes: that run it together.
    """
    plain = encode(config)
    buckets = config.data.buckets if isinstance(config, VAETrainingConfig) else ()
    return Wanted(
        run=Path(config.run),
        processes=processes,
        nodes=nodes,
        workers=max(_values(plain, "workers"), default=0),
        batch_bytes=max((3 * b.batch * b.frames * b.height * b.width for b in buckets), default=0),
        parts=_parts(config, plain),
        weights=_weights(config),
        config=config,
    )


def with_plan(wanted: Wanted, *, freeze_encoder: bool, fraction: float) -> Wanted:
    """Memory, disk and hours besides, as ``pvvae plan`` counts them; of a stage that trains.

    Args:
        wanted: with the stage's config.
        freeze_encoder: whether the stage's encoder learns nothing.
        fraction: of a GPU's peak that training reaches.

    Raises:
        ConfigError: for slots that the processes cannot share.
    """
    config, processes = wanted.config, wanted.processes or 1
    if not isinstance(config, VAETrainingConfig | DenoiserTrainingConfig):
        return wanted
    known = _device()
    machines = Machines(
        nodes=wanted.nodes,
        gpus=processes,
        device=known or DEVICES["h800"],
        fraction=fraction,
    )
    stage = stage_of(config, freeze_encoder=freeze_encoder, processes=machines.processes)
    level = next(iter(stage.engines.values()))[1].activation_checkpointing
    rehearsals = {level: stage.rehearsals[level]}  # the config's alone: a third of the time
    plan = make_plan(replace(stage, rehearsals=rehearsals), machines)
    needed, host = plan.needed(plan.zero_stage, plan.level), _host(plan)
    on_gpu = torch.cuda.is_available()
    return replace(
        wanted,
        device_bytes=needed if on_gpu else None,
        host_bytes=processes * (host if on_gpu else needed + host),
        disk_bytes=plan.checkpoint_bytes * plan.checkpoints,
        hours=plan.hours if known else None,
    )


@register_check("stage")
def stage(wanted: Wanted) -> Iterator[Finding]:
    """Whether the stage would begin here, and how long it takes beside the job's time."""
    if wanted.config is None:
        return
    try:
        wanted.config.check((wanted.processes or 1) * wanted.nodes)
        yield Finding(name="stage", found="its data and what it starts from are here")
    except ConfigError as error:
        yield Finding(name="stage", found=str(error), right=False, advice="the stage says the same")
    if wanted.hours is not None:
        yield time_left(wanted.hours, os.environ, now=time.time())


def time_left(hours: float, environment: Mapping[str, str], *, now: float) -> Finding:
    """The hours of a plan beside the time limit of the job that this is, if it is one."""
    ends = environment.get(JOB_ENDS, "")
    if not ends.isdecimal():
        return Finding(name="hours", found=f"{hours:.1f} by `pvvae plan` on what is here")
    left = (int(ends) - now) / HOUR
    enough = left >= hours
    return Finding(
        name="hours",
        found=f"{hours:.1f} by `pvvae plan`, {left:.1f} to the job's time limit",
        right=True if enough else None,
        advice="" if enough else "launchers/slurm.sbatch saves before the limit and queues again",
    )


def _parts(config: RunConfig, plain: Mapping[str, Any]) -> frozenset[str]:
    trains = isinstance(config, VAETrainingConfig | DenoiserTrainingConfig)
    # On a GPU DeepSpeed's fused AdamW is built at first use.
    builds = trains and torch.cuda.is_available()
    builds = builds or True in _values(plain, "compile") or "optimizer" in _values(plain, "offload")
    kernels = {name for name in _values(plain, "attention_backend") if name != "auto"}
    return frozenset(kernels | ({"compiler"} if builds else set()))


def _weights(config: RunConfig) -> tuple[str, ...]:
    """Names of the weights that the stage's numbers need."""
    found = []
    if isinstance(config, VAETrainingConfig) and config.objective.weight_lpips:
        found.append(LPIPS_VGG.name)
    samples = isinstance(config, DenoiserTrainingConfig) and config.early.num > 0
    if samples or isinstance(config, EvaluationConfig):
        found.append(I3D_KINETICS.name)
    if isinstance(config, EvaluationConfig):
        found.append(LPIPS_ALEX.name)
    return tuple(found)


def _values(plain: Any, key: str) -> list[Any]:
    """Every value of a key, at any depth."""
    found: list[Any] = []
    if isinstance(plain, Mapping):
        found += [value for name, value in plain.items() if name == key]
        parts: Sequence[Any] = list(plain.values())
    else:
        parts = plain if isinstance(plain, list | tuple) else []
    return [*found, *(value for part in parts for value in _values(part, key))]


def _device() -> Device | None:
    """The GPU that is here, if a plan knows its kind."""
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name().lower()
    return next((device for word, device in DEVICES.items() if word in name), None)


def _host(plan: Plan) -> int:
    """Bytes of the CPU's memory that a process keeps its optimizer in."""
    return sum(each.host for each in plan.states[plan.zero_stage].values())
