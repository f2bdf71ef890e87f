"""The arithmetic of a whole stage, without its memory."""

from pvvae.planning.compute import slot_flops, step_flops
from pvvae.planning.stage import stage_of


def total_flops(config: object, *, freeze_encoder: bool) -> float:
    """Of all steps of a stage that trains, as ``pvvae plan`` counts them.

    Raises:
        ConfigError: for a stage that trains nothing.
    """
    stage = stage_of(config, freeze_encoder=freeze_encoder, processes=_team(config))
    slots = [slot_flops(stage, bucket) for bucket in stage.buckets]
    return stage.steps * step_flops(stage, slots, processes=stage.team).all_processes


def _team(config: object) -> int:
    return int(getattr(config, "sequence_parallel", 1))
