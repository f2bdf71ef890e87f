"""What a VAE stage is told, and the networks that it starts from."""

from dataclasses import dataclass
from pathlib import Path

import torch

from arch.interface import BackboneConfig, DiscriminatorConfig
from arch.ranges import Count, Steps
from pvvae import seeding
from pvvae.config import check_ranges
from pvvae.data.clips import DataConfig, TrainingClips, check_shards
from pvvae.data.schedule import Bucket
from pvvae.distributed.slots import check_sharing, check_slots
from pvvae.engine import EngineConfig
from pvvae.engine.settings import OptimizerConfig
from pvvae.errors import ConfigError
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained.box import located
from pvvae.pretrained.runs import load_discriminator_weights, load_vae_weights
from pvvae.pretrained.vae_source import check_foreign, is_foreign, load_foreign
from pvvae.run.folder import is_run, read_config
from pvvae.run.run import RunConfig
from pvvae.training.loop import LoopConfig
from pvvae.training.monitoring.monitor import MonitorConfig
from pvvae.vae.objective import ObjectiveConfig
from pvvae.vae.validation import HeldOutConfig

WEIGHTS = ".safetensors"
"""How ``init`` ends where it is a file of weights."""


@dataclass(frozen=True, kw_only=True)
class VAETrainingConfig(RunConfig):
    """One VAE stage. The stages differ in their data, their objective and what they freeze."""

    backbone: BackboneConfig
    pad: Pad = "learnable"
    """What stands in for a dropped group (Table 6: learnable 146.37, Gaussian 150.68 gFVD), in
    training and wherever prediction is looked at."""
    init: str | None = None
    """Run folder of the stage before, whose weights this one starts from; null is from scratch.

    Or a .safetensors file, of a VAE like this one or of an image VAE with its layout and 2D
    kernels; or a folder that `pvvae export --format pretrained` wrote; or ``box:NAME``, of the
    project's own box; or a folder of others' weights, where the backbone reads such."""
    data: DataConfig
    held_out: HeldOutConfig
    objective: ObjectiveConfig
    discriminator: DiscriminatorConfig | None
    """None trains without GAN."""
    optimizer: OptimizerConfig = OptimizerConfig()
    discriminator_optimizer: OptimizerConfig = OptimizerConfig()
    """The paper names none of its own; the generator's. Its warm-up and decay are over the steps in
    which the discriminator learns: see :meth:`discriminator_rate`."""
    sequence_parallel: Count = 1
    """Consecutive processes that share each slot, and in the backbone each clip's tokens."""
    engine: EngineConfig = EngineConfig()
    discriminator_engine: EngineConfig = EngineConfig(zero_stage=1)
    steps: Steps
    loop: LoopConfig = LoopConfig()
    watch: MonitorConfig = MonitorConfig()

    def __post_init__(self) -> None:
        check_ranges(self)

    def discriminator_rate(self, step: int) -> float:
        """Learning rate of the discriminator at ``step`` of the stage, once it learns.

        Its schedule begins where it does: counted from the stage's own start, a discriminator that
        joins at step 5,000 would take its first step at nearly the full rate, unwarmed.
        """
        start = self.objective.discriminator_start
        return self.discriminator_optimizer.rate(step - start, self.steps - start)

    @property
    def init_run(self) -> Path | None:
        """The stage before, if weights come from one."""
        if self.init is None or self.init.endswith(WEIGHTS):
            return None
        path = located(self.init)
        return None if is_foreign(path) else path

    def check(self, processes: int) -> None:
        slots, team = self.data.slots, self.sequence_parallel
        teams = check_slots(slots, processes, key="data.slots", team=team)
        self.check_shapes()
        if self.init_run is not None:
            _check_before(self.init_run)
        elif self.init is not None:
            check_foreign(self.backbone, located(self.init))
        clips = TrainingClips(self.data, steps=self.steps, seed=self.seed)
        check_shards(clips.index, teams)
        if self.data.held_out is not None:
            self.held_out.open(self.data.held_out)

    def check_shapes(self) -> None:
        """Refuse clips that do not fit the backbone, and processes that cannot share them.

        Raises:
            ConfigError: naming the bucket, or ``sequence_parallel``.
        """
        with torch.device("meta"):
            backbone = self.backbone.build()
        check_sharing(backbone, team=self.sequence_parallel)
        shapes: dict[str, Bucket | HeldOutConfig] = {"held_out": self.held_out}
        shapes |= {f"data.buckets[{i}]": bucket for i, bucket in enumerate(self.data.buckets)}
        for where, shape in shapes.items():
            try:
                backbone.latent_frames(shape.frames)
                backbone.check_size(shape.height, shape.width)
            except ValueError as error:
                raise ConfigError(f"{where}: {error}") from None


def _check_before(run: Path) -> None:
    """Refuse a stage before that is not there, and say how to do without.

    Raises:
        ConfigError: if ``run`` is no run folder.
    """
    if not is_run(run):
        raise ConfigError(
            f"init: {run}: no such run folder; train the stage before first, name another "
            "(init=RUN, or a .safetensors file), or start from scratch with init=null"
        )
    read_config(run)


def build_vae(config: VAETrainingConfig) -> PredictiveVAE:
    """The VAE with the weights a stage starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "vae"))
        vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    if config.init_run is not None:
        load_vae_weights(vae, config.backbone, run=config.init_run)
    elif config.init is not None:
        load_foreign(vae, config.backbone, located(config.init))
    return vae


def build_discriminator(config: VAETrainingConfig) -> torch.nn.Module:
    """The discriminator, taken over from the stage before if that had one of the same config."""
    assert config.discriminator is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "discriminator"))
        network = config.discriminator.build()
    if config.init_run is not None:
        load_discriminator_weights(network, config.discriminator, run=config.init_run)
    return network
