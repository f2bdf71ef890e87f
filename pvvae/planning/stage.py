"""What a plan needs to know of a stage, whether it trains a VAE or a denoiser."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import nn

from arch.interface import Network
from pvvae.data.schedule import Bucket
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.distributed.slots import check_slots
from pvvae.engine import LEVELS, EngineConfig, Recomputed
from pvvae.errors import ConfigError
from pvvae.planning.denoiser_rehearsal import DenoiserRehearsal, latent_bucket
from pvvae.planning.states import Sizes
from pvvae.planning.vae_rehearsal import VAERehearsal
from pvvae.training.loop import LoopConfig
from pvvae.vae.config import VAETrainingConfig


class Rehearsal(Protocol):
    """Networks without weights, and the work of one slot."""

    @property
    def networks(self) -> list[nn.Module]:
        """All whose parameters are no activations."""

    def drops(self, bucket: Bucket) -> range:
        """Numbers of dropped groups, all equally likely."""

    def phases(self, bucket: Bucket, *, dropped: int = 0, gan: bool = True) -> Iterator[str]:
        """The work, by phases."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage as a plan sees it."""

    rehearsal: Rehearsal
    """The work of a slot, as the stage is configured."""
    rehearsals: dict[Recomputed, Callable[[], Rehearsal]]
    """The work of a slot at every level of activation checkpointing that the main network has."""
    buckets: tuple[Bucket, ...]
    image_ratio: float
    slots: int
    team: int
    """Processes that share each slot: its FLOPs and bytes here are those of one of them."""
    steps: int
    seed: int
    engines: dict[str, tuple[Sizes, EngineConfig]]
    """By the name of the network; the first is the one whose ZeRO stage a plan varies."""
    helper: Sizes | None
    """The frozen fp32 network of LPIPS."""
    gan_steps: int
    """Steps with the discriminator."""
    adaptive: bool
    """Whether the GAN's weight comes from gradients of the whole step: a process with several slots
    then passes through the VAE twice."""
    loop: LoopConfig


def stage_of(config: object, *, freeze_encoder: bool, processes: int) -> Stage:
    """The stage of a config.

    Raises:
        ConfigError: for a stage that trains nothing, or slots that cannot be shared out.
    """
    if isinstance(config, VAETrainingConfig):
        team = config.sequence_parallel
        check_slots(config.data.slots, processes, key="data.slots", team=team)
        return _vae_stage(config, freeze_encoder=freeze_encoder)
    if isinstance(config, DenoiserTrainingConfig):
        check_slots(config.slots, processes, key="slots", team=config.sequence_parallel)
        return _denoiser_stage(config)
    name = type(config).__module__.removeprefix("stages.")
    raise ConfigError(
        f"stage {name} cannot be planned: it trains nothing; plan image_pretrain, predictive, "
        "decoder_finetune or latte"
    )


def rehearsal_of(config: object, *, freeze_encoder: bool) -> Rehearsal:
    """The networks and the work of a stage that trains.

    Raises:
        ConfigError: for shapes that do not fit the backbone.
    """
    if isinstance(config, VAETrainingConfig):
        return VAERehearsal.of(config, freeze_encoder=freeze_encoder)
    assert isinstance(config, DenoiserTrainingConfig), "a stage that trains"
    return DenoiserRehearsal.of(config)


def _vae_stage(config: VAETrainingConfig, *, freeze_encoder: bool) -> Stage:
    rehearsal = VAERehearsal.of(config, freeze_encoder=freeze_encoder)
    engines = {"vae": (Sizes.of(rehearsal.vae, config.engine), config.engine)}
    gan_steps = 0
    if rehearsal.discriminator is not None:
        sizes = Sizes.of(rehearsal.discriminator, config.discriminator_engine)
        engines["discriminator"] = (sizes, config.discriminator_engine)
        gan_steps = max(config.steps - max(config.objective.gan_start, 0), 0)
    lpips = rehearsal.perceptual
    return Stage(
        rehearsal=rehearsal,
        rehearsals=_levels(config, rehearsal.vae, freeze_encoder=freeze_encoder),
        buckets=config.data.buckets,
        image_ratio=config.data.image_ratio,
        slots=config.data.slots,
        team=config.sequence_parallel,
        steps=config.steps,
        seed=config.seed,
        engines=engines,
        helper=None if lpips is None else Sizes.of(lpips, config.engine),
        gan_steps=gan_steps,
        adaptive=config.objective.gan_weighting == "adaptive",
        loop=config.loop,
    )


def _denoiser_stage(config: DenoiserTrainingConfig) -> Stage:
    rehearsal = DenoiserRehearsal.of(config)
    return Stage(
        rehearsal=rehearsal,
        rehearsals=_levels(config, rehearsal.denoiser, freeze_encoder=False),
        buckets=(latent_bucket(config),),
        image_ratio=0.0,
        slots=config.slots,
        team=config.sequence_parallel,
        steps=config.steps,
        seed=config.seed,
        engines={"denoiser": (Sizes.of(rehearsal.denoiser, config.engine), config.engine)},
        helper=None,
        gan_steps=0,
        adaptive=False,
        loop=config.loop,
    )


def _levels(
    config: VAETrainingConfig | DenoiserTrainingConfig, network: Network, *, freeze_encoder: bool
) -> dict[Recomputed, Callable[[], Rehearsal]]:
    def at(level: Recomputed) -> Rehearsal:
        engine = dataclasses.replace(config.engine, activation_checkpointing=level)
        changed = dataclasses.replace(config, engine=engine)
        return rehearsal_of(changed, freeze_encoder=freeze_encoder)

    levels = LEVELS if network.segments else LEVELS[:1]
    return {level: functools.partial(at, level) for level in levels}
