"""Stage 1: the VAE learns images at several resolutions (section 3.2)."""

from dataclasses import dataclass

from arch.interface import DiscriminatorConfig
from arch.ranges import Steps
from pvvae.planning.flops import slot_counter
from pvvae.vae.config import VAETrainingConfig
from pvvae.vae.objective import ObjectiveConfig
from pvvae.vae.trainer import train


@dataclass(frozen=True, kw_only=True)
class Config(VAETrainingConfig):
    """Images are clips of one frame: nothing to drop, no change to match."""

    steps: Steps = 300_000
    """Section 3.2."""
    objective: ObjectiveConfig = ObjectiveConfig(max_drop_ratio=0.0)
    discriminator: DiscriminatorConfig | None = None
    """No GAN among images. Section 3.2 starts it at step 5,000 "during training" without saying of
    which stage; ours: of the video stage, since 5,000 steps from scratch are too early for every
    peer (they wait for 20,000 to 50,000) and right after a long image pretraining."""


def run(config: Config) -> None:
    """Train to the end, from wherever the run folder stands."""
    train(config, stage="image_pretrain", count=slot_counter(config))
