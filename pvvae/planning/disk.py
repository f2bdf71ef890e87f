"""Bytes that a run writes."""

from pvvae.planning.stage import Stage
from pvvae.planning.states import FP32, weight_bytes


def checkpoint_bytes(stage: Stage) -> int:
    """One checkpoint with the parts of all processes.

    What DeepSpeed saves (the network as it computes, fp32 weights and both moments), the average,
    and whole fp32 weights for others to load.
    """
    total = 0
    for sizes, config in stage.engines.values():
        moments = 2 * FP32 * sizes.trainable
        apart = 0 if config.zero_stage == 0 and config.precision == "fp32" else FP32
        average = 0 if config.ema_decay is None else FP32 * sizes.trainable
        # ZeRO 3 writes what it trains once, in fp32.
        computed = sizes.frozen if config.zero_stage == 3 else sizes.total
        total += weight_bytes(config) * computed + moments + apart * sizes.trainable + average
        total += FP32 * sizes.total
    return total


def kept_checkpoints(stage: Stage) -> int:
    """The newest, the best if it is none of them, and the one that is being written."""
    return stage.loop.keep_last + 2
