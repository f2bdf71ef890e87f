"""The arithmetic of a whole stage, without its memory."""

from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.planning.compute import slot_flops, step_flops
from pvvae.planning.stage import stage_of
from pvvae.vae.config import VAETrainingConfig


def total_flops(
    config: VAETrainingConfig | DenoiserTrainingConfig, *, freeze_encoder: bool
) -> float:
    """Of all steps of a stage that trains, as ``pvvae plan`` counts them.

    Raises:
        ConfigError: for shapes that do not fit the network.
    """
    team = config.sequence_parallel
    stage = stage_of(config, freeze_encoder=freeze_encoder, processes=team)
    slots = [slot_flops(stage, bucket) for bucket in stage.buckets]
    return stage.steps * step_flops(stage, slots, processes=team).all_processes
