"""What stage latte is told, and the network and the latents that it starts from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from arch.interface import Denoiser, DenoiserConfig
from arch.ranges import Count, Share, Steps
from pvvae import seeding
from pvvae.config import check_ranges
from pvvae.data.latent_shards import LatentDataset
from pvvae.denoiser.latent_source import CachedLatents, Demand, LatentSource
from pvvae.denoiser.online_latents import OnlineConfig, OnlineLatents
from pvvae.denoiser.validation_fvd import SampleFVDConfig
from pvvae.distributed.slots import check_sharing, check_slots
from pvvae.engine import EngineConfig
from pvvae.engine.settings import OptimizerConfig
from pvvae.errors import ConfigError
from pvvae.pretrained.denoisers import check_denoiser_start, start_denoiser
from pvvae.run.run import RunConfig
from pvvae.training.loop import LoopConfig
from pvvae.training.monitoring.monitor import MonitorConfig


@dataclass(frozen=True, kw_only=True)
class DenoiserTrainingConfig(RunConfig):
    """A denoiser on latents, cached or encoded on the way."""

    denoiser: DenoiserConfig
    init: str | None = None
    """Run folder of a Latte, whose weights this one starts from; or ``box:NAME``, of the project's
    own box; null is from scratch. Where the classes are others, each begins as "no class"."""
    latents: str | OnlineConfig
    """Run folder of extract_latents; or clips and a VAE, to encode them when a step needs them."""
    batch: Count
    """Latents in one step, over all processes."""
    slots: Count
    """Parts the batch is shared out in; a multiple of the number of processes."""
    label_dropout: Share
    """How often a label is replaced by the null label, for guidance."""
    validation_clips: Count
    """Held-out latents of the validation loss."""
    times: Literal["uniform", "logit_normal"] = "uniform"
    """Law of the times. uniform is rectified flow's own; logit_normal (SD3) has the middle of the
    path more often."""
    time_shift: Count | None = None
    """Elements of a latent for which times stay as drawn (RAE: 4,096); those of one with d are
    shifted by s = sqrt(d / ``time_shift``) towards noise. null, the paper's, shifts none. The
    sampler has a key of this name too."""
    history: Share = 0.0
    """How often a clip's first groups are given clean and the rest is to follow, so that videos
    can be continued. Ours; 0, the paper's, keeps comparisons of VAEs faithful."""
    optimizer: OptimizerConfig
    early: SampleFVDConfig = SampleFVDConfig()
    """FVD of some samples at every evaluation."""
    sequence_parallel: Count = 1
    """Consecutive processes that share each slot, and in the denoiser each latent's tokens."""
    engine: EngineConfig
    steps: Steps
    loop: LoopConfig = LoopConfig()
    watch: MonitorConfig = MonitorConfig()

    def __post_init__(self) -> None:
        check_ranges(self)

    def check(self, processes: int) -> None:
        check_slots(self.slots, processes, key="slots", team=self.sequence_parallel)
        with torch.device("meta"):
            check_sharing(self.denoiser.build(), team=self.sequence_parallel)
        if self.init is not None:
            with _at_init():
                check_denoiser_start(self.denoiser, Path(self.init))
        if self.batch % self.slots:
            raise ConfigError(
                f"batch: {self.batch} latents cannot be shared evenly by {self.slots} slots"
            )
        if isinstance(self.latents, str):
            found = LatentDataset(Path(self.latents) / "train")
            check_latents(self, found.shape, found.classes, name=self.latents)
        else:
            self.latents.check(self.demand)

    @property
    def demand(self) -> Demand:
        """What is asked of the source of latents."""
        return Demand(
            batch=self.batch // self.slots, slots=self.slots, steps=self.steps, seed=self.seed
        )


def build_denoiser(config: DenoiserTrainingConfig) -> Denoiser:
    """The denoiser with the weights it starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "denoiser"))
        denoiser = config.denoiser.build()
    if config.init is not None:
        with _at_init():
            start_denoiser(denoiser, config.denoiser, Path(config.init))
    return denoiser


@contextmanager
def _at_init() -> Iterator[None]:
    """Say that it is ``init`` which is refused."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"init: {error}") from None


def open_latents(config: DenoiserTrainingConfig, *, run: Path) -> LatentSource:
    """What ``config.latents`` names; a collective call.

    Raises:
        ConfigError: for latents, clips or a VAE that are missing or do not fit the denoiser.
    """
    if isinstance(config.latents, str):
        return CachedLatents(Path(config.latents), config.demand)
    source = OnlineLatents(config.latents, config.demand)
    check_latents(config, source.shape, source.classes, name=config.latents.train)
    source.find_scale(run)
    return source


def check_latents(
    config: DenoiserTrainingConfig,
    shape: tuple[int, int, int, int],
    classes: tuple[str, ...],
    *,
    name: str,
) -> None:
    """Refuse latents that the denoiser cannot learn.

    Args:
        config: of the stage.
        shape: (c, t, h, w) of the latents.
        classes: that they are of.
        name: of their folder.

    Raises:
        ConfigError: naming the key.
    """
    if shape[0] != config.denoiser.latent_channels:
        raise ConfigError(
            f"denoiser.latent_channels: {name} has latents of {shape[0]} "
            f"channels, the denoiser wants {config.denoiser.latent_channels}"
        )
    if config.history and shape[1] == 1:
        raise ConfigError(
            f"history: {name} has latents of one group, which leaves nothing to continue"
        )
    wanted = config.denoiser.num_classes
    if wanted and len(classes) != wanted:
        raise ConfigError(
            f"denoiser.num_classes: {name} has {len(classes)} classes, "
            f"the denoiser {wanted}; 0 trains without classes"
        )
