"""FLOPs of the slots of a stage, and of its steps as its schedule draws them."""

from dataclasses import dataclass

import numpy as np

from pvvae import seeding
from pvvae.data.schedule import Bucket, Schedule
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.planning.measure import flops_of
from pvvae.planning.stage import Stage, stage_of
from pvvae.vae.config import VAETrainingConfig

DRAWN_STEPS = 500
"""Steps of the real schedule that means are taken over. Ours: 8,000 slots of 16, within 1%."""


@dataclass(frozen=True)
class SlotFlops:
    """One slot with the GAN on; where a team shares it, one process's part."""

    phases: dict[str, float]
    """By phase, mean over the numbers of dropped groups."""
    by_dropped: tuple[float, ...]
    """All phases, for each number of dropped groups."""
    forward: tuple[float, ...]
    """The forward pass alone, for each number of dropped groups."""
    without_gan: float
    """All phases before the GAN starts, mean over the numbers of dropped groups."""

    @property
    def total(self) -> float:
        return sum(self.phases.values())


@dataclass(frozen=True)
class StepFlops:
    """FLOPs of a step, as a mean over the stage: the GAN counts for the part that has it."""

    all_processes: float
    slowest_process: float
    """FLOPs of the process with the most work, for which the others wait."""


def slot_flops(stage: Stage, bucket: Bucket) -> SlotFlops:
    """Measured on every number of dropped groups."""
    drops = stage.rehearsal.drops(bucket)
    found = [
        flops_of(lambda k=k: stage.rehearsal.phases(bucket, dropped=k))  # type: ignore[misc]
        for k in drops
    ]
    phases = {name: sum(each[name] for each in found) / len(found) for name in found[0]}
    total = sum(phases.values())
    plain = flops_of(lambda: stage.rehearsal.phases(bucket, gan=False))
    gan = sum(found[0].values()) - sum(plain.values())  # the same for every k
    return SlotFlops(
        phases,
        by_dropped=tuple(float(sum(each.values())) for each in found),
        forward=tuple(float(each["forward"]) for each in found),
        without_gan=total - gan,
    )


def step_flops(stage: Stage, slots: list[SlotFlops], *, processes: int) -> StepFlops:
    """Means over the first steps that the stage's own schedule draws."""
    steps = min(stage.steps, DRAWN_STEPS)
    schedule = Schedule(
        stage.buckets,
        slots=stage.slots,
        steps=steps,
        num_samples=1,  # which clips does not matter here
        seed=stage.seed,
        image_ratio=stage.image_ratio,
    )
    work = np.empty((steps, stage.slots))
    part = stage.gan_steps / stage.steps
    teams = processes // stage.team
    twice = stage.adaptive and stage.slots > teams  # a look at all slots before the first backward
    for step in range(steps):
        for slot in range(stage.slots):
            draw = schedule.draw(step, slot)
            of = slots[schedule.buckets.index(draw.bucket)]
            k = _dropped(stage.seed, int(draw.positions[0]), len(of.by_dropped))
            work[step, slot] = of.by_dropped[k] - (1.0 - part) * (of.total - of.without_gan)
            work[step, slot] += part * of.forward[k] if twice else 0.0
    shares = [work[:, mine::teams].sum(axis=1) for mine in range(teams)]
    return StepFlops(
        float(work.sum(axis=1).mean()) * stage.team, float(np.max(shares, axis=0).mean())
    )


def _dropped(seed: int, position: int, choices: int) -> int:
    """Draw k as ``objective.sample_dropped`` does."""
    return int(seeding.numpy_generator(seed, "dropped", position).integers(0, choices))


def total_flops(
    config: VAETrainingConfig | DenoiserTrainingConfig, *, freeze_encoder: bool
) -> float:
    """FLOPs of all steps of a training stage, as ``pvvae plan`` counts them.

    Raises:
        ConfigError: for shapes that do not fit the network.
    """
    team = config.sequence_parallel
    stage = stage_of(config, freeze_encoder=freeze_encoder, processes=team)
    slots = [slot_flops(stage, bucket) for bucket in stage.buckets]
    return stage.steps * step_flops(stage, slots, processes=team).all_processes
