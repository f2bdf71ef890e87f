"""Generation: Latte learns the latents by rectified flow (section 4.1)."""

from dataclasses import dataclass

from arch.ranges import Count, Share, Steps
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.denoiser.trainer import train_denoiser
from pvvae.engine import EngineConfig
from pvvae.engine.settings import OptimizerConfig
from pvvae.planning.flops import slot_counter


@dataclass(frozen=True, kw_only=True)
class Config(DenoiserTrainingConfig):
    """The paper's numbers, Latte's public code where it has none."""

    steps: Steps = 250_000
    """Section 4.1."""
    batch: Count = 64
    """Section 4.1, over all processes."""
    slots: Count = 16
    """Ours: the paper's 16 processes."""
    label_dropout: Share = 0.1
    """Latte's public code."""
    validation_clips: Count = 64
    """Ours."""
    optimizer: OptimizerConfig = OptimizerConfig(lr=1e-4, schedule="constant", warmup=0)
    """lr from section 4.1; constant, without warm-up, as in Latte's public code."""
    engine: EngineConfig = EngineConfig(zero_stage=1, ema_decay=0.9999)
    """ema_decay: Latte's public code."""


def run(config: Config) -> None:
    """Train to the end, from wherever the run folder stands."""
    train_denoiser(config, stage="latte", count=slot_counter(config))
