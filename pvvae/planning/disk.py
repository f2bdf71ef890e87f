"""Bytes that a run writes."""

from pvvae.planning.stage import Stage
from pvvae.planning.states import FP32


def checkpoint_bytes(stage: Stage) -> int:
    """One checkpoint with the parts of all processes.

    What was trained in fp32 with both moments and the average, in fragments, and whole fp32
    weights for others to load.
    """
    total = 0
    for sizes, config in stage.engines.values():
        kinds = 3 if config.ema_decay is None else 4
        total += FP32 * (kinds * sizes.trainable + sizes.total)
    return total


def kept_checkpoints(stage: Stage) -> int:
    """The newest, the best if it is none of them, and the one that is being written."""
    return stage.loop.keep_last + 2
