"""Stage 3: the decoder alone learns on, its encoder frozen (section 3.2).

The paper drops nothing here. A decoder tuned so forgets to predict: with ``max_drop_ratio`` above 0
it goes on practising, and latents are the same either way.
"""

from dataclasses import dataclass

from arch.ranges import Steps
from pvvae.errors import ConfigError
from pvvae.planning.flops import slot_counter
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.objective import ObjectiveConfig
from pvvae.vae.trainer import train


@dataclass(frozen=True, kw_only=True)
class Config(VAETrainingConfig):
    """The encoder is frozen, the GAN is on throughout, and nothing is dropped unless asked for."""

    steps: Steps = 50_000
    """Section 3.2."""
    objective: ObjectiveConfig = ObjectiveConfig(max_drop_ratio=0.0, gan_start=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.init is None:
            raise ConfigError(
                "init: decoder fine-tuning needs the run folder of predictive training, or weights"
            )


def run(config: Config) -> None:
    """Train to the end, from wherever the run folder stands."""
    train(
        config,
        stage="decoder_finetune",
        count=slot_counter(config, freeze_encoder=True),
        freeze_encoder=True,
    )
