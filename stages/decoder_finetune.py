"""Stage 3: the decoder alone learns to rebuild clips that are seen whole (section 3.2)."""

from dataclasses import dataclass

from arch.ranges import Steps
from pvvae.errors import ConfigError
from pvvae.planning.flops import slot_counter
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.objective import ObjectiveConfig
from pvvae.vae.trainer import train


@dataclass(frozen=True, kw_only=True)
class Config(VAETrainingConfig):
    """The encoder is frozen, nothing is dropped, the GAN is on throughout."""

    steps: Steps = 50_000
    """Section 3.2."""
    objective: ObjectiveConfig = ObjectiveConfig(max_drop_ratio=0.0, gan_start=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.init is None:
            raise ConfigError(
                "init: decoder fine-tuning needs the run folder of predictive training, or weights"
            )
        if self.objective.max_drop_ratio != 0.0:
            raise ConfigError(
                "objective.max_drop_ratio: decoder fine-tuning drops nothing (section 3.2); use 0, "
                f"got {self.objective.max_drop_ratio}"
            )


def run(config: Config) -> None:
    """Train to the end, from wherever the run folder stands."""
    train(
        config,
        stage="decoder_finetune",
        count=slot_counter(config, freeze_encoder=True),
        freeze_encoder=True,
    )
