"""Bytes that an engine holds beside activations, at each ZeRO stage.

Source: the tensors of DeepSpeed 0.19.8 under our settings (``engine/settings.py``), listed for each
stage and precision in groups of 1 and 4 processes; padding of shards is left out.
"""

from dataclasses import dataclass

from torch import nn

from pvvae.engine import EngineConfig

FP32 = 4
GATHERED = 1_000_000_000
"""Elements that ZeRO 3 keeps gathered until the backward pass is over: DeepSpeed's default of
``stage3_max_live_parameters`` and ``stage3_max_reuse_distance``, which we do not change."""


@dataclass(frozen=True)
class Sizes:
    """Elements of one network."""

    trainable: int
    frozen: int
    small: int
    """Elements in parameters that ZeRO 3 does not shard."""

    @property
    def total(self) -> int:
        return self.trainable + self.frozen

    @classmethod
    def of(cls, network: nn.Module, config: EngineConfig) -> "Sizes":
        """Sizes of a network as it enters its engine, frozen or not."""
        parameters = list(network.parameters())
        return cls(
            trainable=sum(p.numel() for p in parameters if p.requires_grad),
            frozen=sum(p.numel() for p in parameters if not p.requires_grad),
            small=sum(p.numel() for p in parameters if p.numel() <= config.persistent_elements),
        )


@dataclass(frozen=True)
class States:
    """Bytes of one process."""

    weights: int
    gradients: int
    optimizer: int
    """Both moments, and the fp32 weights wherever DeepSpeed keeps those apart."""
    average: int
    host: int
    """Not of the GPU but of the CPU, where the optimizer's share is with ``offload``."""
    buckets: int
    """Where gradients wait to be reduced; under ZeRO 3 also the weights gathered for use."""

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.optimizer + self.average + self.buckets


def states(sizes: Sizes, config: EngineConfig, *, stage: int, processes: int) -> States:
    """What the engine of a network holds towards the end of the backward pass.

    Args:
        sizes: of the network.
        config: precision, bucket and average.
        stage: of ZeRO, in place of the config's.
        processes: that share it.
    """
    width = weight_bytes(config)
    trained = sizes.trainable
    shard = -(-trained // processes)
    offloaded = config.offload == "optimizer" and stage > 0
    average = 0 if config.ema_decay is None else FP32 * (trained if stage == 0 else shard)
    return States(
        weights=_weights(sizes, width, stage, processes),
        gradients=_gradients(trained, shard, width, stage, offloaded=offloaded),
        optimizer=0 if offloaded else _optimizer(trained, shard, width, stage),
        average=0 if offloaded else average,
        host=average + _host(shard, width, stage) if offloaded else 0,
        buckets=_buckets(sizes, config, width, stage, processes),
    )


def weight_bytes(config: EngineConfig) -> int:
    """Bytes of one element of the network itself."""
    return 2 if config.precision == "bf16" else FP32


def _weights(sizes: Sizes, width: int, stage: int, processes: int) -> int:
    if stage < 3:
        return width * sizes.total
    return width * (-(-sizes.total // processes) + sizes.small)


def _gradients(trained: int, shard: int, width: int, stage: int, *, offloaded: bool) -> int:
    if offloaded and (stage == 3 or (stage == 2 and width == FP32)):
        return 0  # they are summed up in the memory of the CPU
    if stage >= 2:
        return FP32 * shard
    if width == FP32:
        return FP32 * trained  # ZeRO 1 shards them only after the backward pass
    return (width + FP32) * trained  # as they come, and accumulated in fp32


def _optimizer(trained: int, shard: int, width: int, stage: int) -> int:
    if stage == 0:
        return (2 * FP32 + (0 if width == FP32 else FP32)) * trained
    return 3 * FP32 * shard


def _host(shard: int, width: int, stage: int) -> int:
    """Both moments, fp32 weights and gradients, and what DeepSpeed keeps there on their way."""
    if stage == 3:
        return (5 * FP32) * shard  # gradients as they are summed up, and as they are used
    return (4 * FP32 + width) * shard  # weights as they go back


def _buckets(sizes: Sizes, config: EngineConfig, width: int, stage: int, processes: int) -> int:
    bucket = width * min(config.bucket_elements, sizes.trainable)
    if stage == 0 or (stage == 1 and width != FP32):
        return 0
    if stage < 3:
        return bucket
    gathered = 0 if processes == 1 else width * min(sizes.total - sizes.small, GATHERED)
    return bucket + gathered
