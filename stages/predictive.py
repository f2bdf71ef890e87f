"""Stage 2: predictive reconstruction of video (sections 3.1 and 3.2)."""

from dataclasses import dataclass

from arch.ranges import Steps
from pvvae.planning.flops import slot_counter
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.objective import ObjectiveConfig
from pvvae.vae.trainer import train


@dataclass(frozen=True, kw_only=True)
class Config(VAETrainingConfig):
    """Future groups are withheld from the encoder, and the decoder rebuilds the whole clip."""

    steps: Steps = 50_000
    """Section 3.2."""
    objective: ObjectiveConfig = ObjectiveConfig()


def run(config: Config) -> None:
    """Train to the end, from wherever the run folder stands."""
    train(config, stage="predictive", count=slot_counter(config))
