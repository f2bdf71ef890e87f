"""One process of many, for a step or two: the stage's own engines, step and data path.

The other processes do not exist: :func:`pvvae.engine.pretend`.
"""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from pvvae.data.schedule import Bucket, Schedule
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.denoiser.trainer import DenoiserTrainer
from pvvae.denoiser.validation_fvd import SampleFVDConfig
from pvvae.distributed.slots import process_slots
from pvvae.engine import Engine
from pvvae.errors import ConfigError
from pvvae.planning.denoiser_rehearsal import latent_bucket
from pvvae.planning.measure import flops_of
from pvvae.planning.stage import Stage
from pvvae.planning.states import FP32
from pvvae.planning.synthetic_data import made_up_clips, made_up_latents
from pvvae.run.run import Run
from pvvae.run.tracking import TrackingConfig
from pvvae.training.monitoring.flops import GB, SlotWork
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.trainer import VAETrainer

STEPS = 2
"""The first makes the optimizer's state, the second uses it."""
CPU_FLOPS = 2e12
"""FLOPs of one process in a step above which a dry run on a CPU takes no step. Ours: about a minute
of two cores, which were seen to do 40 GFLOP/s."""
BUILDING = 4
"""Copies of a network in fp32 that exist at once: the weights, their flat copy while an engine is
built, gradients and buckets in a step. Ours, generous where many processes share the rest."""


@dataclass(frozen=True, kw_only=True)
class StepShare:
    """Batch arithmetic of one step."""

    slots: int
    clips: int
    pixels: int
    """Pixels of all clips; for a denoiser, latent cells."""
    slots_here: int
    """Slots of this process, or of the team that it shares clips with."""
    clips_here: int
    """Clips of this process, or of its team."""


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What process 0 found."""

    elements: dict[str, dict[str, int]]
    """By network: trained elements in all, then those this process holds, by what they are."""
    zero: dict[str, int]
    steps: tuple[StepShare, ...]
    skipped: str | None
    """Why no step was taken, if none was."""


def dry_run(config: object, stage: Stage, *, freeze_encoder: bool, folder: Path) -> DryRun:
    """Build the engines of ``config`` and take its first steps, in a group that is pretended.

    Args:
        config: of a stage that trains.
        stage: the same, as a plan sees it.
        freeze_encoder: whether the stage trains the decoder alone.
        folder: for made-up data and the run.

    Raises:
        ConfigError: for anything that a real run would refuse, or too little memory.
    """
    _check_memory(stage)
    processes = torch.distributed.get_world_size()
    trainer: VAETrainer | DenoiserTrainer
    if isinstance(config, VAETrainingConfig):
        vae_config = _without_past(config, folder, processes)
        run = Run(vae_config, stage="dry_run")
        trainer = VAETrainer(vae_config, run, count=_uncounted, freeze_encoder=freeze_encoder)
        engines = {"vae": trainer.generator}
        if trainer.discriminator is not None:
            engines["discriminator"] = trainer.discriminator.engine
        schedule = trainer.data.schedule
        run.close()
    else:
        assert isinstance(config, DenoiserTrainingConfig)
        trainer = DenoiserTrainer(
            _on_made_up_latents(config, folder), count=_uncounted, folder=folder
        )
        engines = {"denoiser": trainer.engine}
        schedule = trainer.latents.schedule
    skipped, steps = _too_much(stage), range(min(STEPS, stage.steps))
    if skipped is None:
        trainer.start(0, rollbacks=0)
        taken = [trainer.step(step) is not None for step in steps]  # all of them, to see them run
        if not all(taken):
            skipped = f"made-up data gave numbers in step {taken.index(False)} that are not finite"
    return DryRun(
        elements={name: _elements(engine) for name, engine in engines.items()},
        zero={name: engine.config.zero_stage for name, engine in engines.items()},
        steps=tuple(_share(stage, schedule, step) for step in steps),
        skipped=skipped,
    )


def _uncounted(slot: SlotWork) -> float:
    """A dry run reports no FLOP/s, so a slot counts as 0."""
    return 0.0


def _elements(engine: Engine) -> dict[str, int]:
    return {"trained": engine.trained, **engine.elements()}


def _share(stage: Stage, schedule: Schedule, step: int) -> StepShare:
    mine = process_slots(stage.slots, team=stage.team)
    draws = [schedule.draw(step, slot) for slot in range(stage.slots)]
    # A denoiser draws from a schedule without sizes; a plan knows its one bucket.
    shapes = [stage.buckets[schedule.buckets.index(draw.bucket)] for draw in draws]
    clips = [shape.batch for shape in shapes]
    return StepShare(
        slots=stage.slots,
        clips=sum(clips),
        pixels=sum(s.batch * s.frames * s.height * s.width for s in shapes),
        slots_here=len(mine),
        clips_here=sum(clips[slot] for slot in mine),
    )


def _without_past(config: VAETrainingConfig, folder: Path, processes: int) -> VAETrainingConfig:
    """This training on made-up clips, from fresh weights, with the GAN from the first step."""
    data = config.data
    clips = made_up_clips(folder, data.buckets, stride=data.frame_stride, processes=processes)
    fields = {
        field.name: vars(config)[field.name] for field in dataclasses.fields(VAETrainingConfig)
    }
    changed = {
        "run": str(folder / "run"),
        "init": None,
        "tracking": TrackingConfig(),
        "data": dataclasses.replace(data, train=str(clips), held_out=None, workers=0),
        "objective": dataclasses.replace(config.objective, gan_start=0, discriminator_warmup=0),
        "engine": dataclasses.replace(config.engine, compile=False),
    }
    return VAETrainingConfig(**fields | changed)


def _on_made_up_latents(config: DenoiserTrainingConfig, folder: Path) -> DenoiserTrainingConfig:
    shape = latent_bucket(config)
    latents = made_up_latents(
        folder / "latents",
        (shape.frames, shape.height, shape.width),
        channels=config.denoiser.latent_channels,
        classes=config.denoiser.num_classes,
    )
    engine = dataclasses.replace(config.engine, compile=False)
    nothing = SampleFVDConfig()  # samples would be of made-up weights
    return dataclasses.replace(
        config, init=None, latents=str(latents), engine=engine, early=nothing
    )


def _check_memory(stage: Stage) -> None:
    needed = BUILDING * FP32 * sum(sizes.total for sizes, _ in stage.engines.values())
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > free:
        raise ConfigError(
            f"a dry run of this stage needs about {needed / GB:.0f} GB of memory, {free / GB:.0f} "
            "GB are free; `pvvae plan` counts without any"
        )


def _too_much(stage: Stage) -> str | None:
    if torch.cuda.is_available():
        return None
    work = len(process_slots(stage.slots, team=stage.team)) * max(
        _flops(stage, b) for b in stage.buckets
    )
    if work <= CPU_FLOPS:
        return None
    return (
        f"it has {work / 1e12:.0f} TFLOP, which would take this CPU too long; on a GPU, or with "
        "smaller data.buckets, two are taken"
    )


def _flops(stage: Stage, bucket: Bucket) -> int:
    return sum(flops_of(lambda: stage.rehearsal.phases(bucket)).values())
