"""The plan of one stage on one kind of GPU."""

import dataclasses
from dataclasses import dataclass

from pvvae.data.schedule import Bucket
from pvvae.engine import Recomputed
from pvvae.planning.compute import SlotFlops, StepFlops, slot_flops, step_flops
from pvvae.planning.measure import MemoryPlan, flops_of, memory_of
from pvvae.planning.stage import Rehearsal, Stage
from pvvae.planning.states import FP32, Sizes, States, states
from pvvae.training.monitoring.flops import Device, usable


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


ZERO_STAGES = (0, 1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What the stage shall run on."""

    nodes: int
    gpus: int
    """Number of GPUs of each node."""
    device: Device
    fraction: float
    """Share of the device's peak FLOP/s that training reaches."""

    @property
    def processes(self) -> int:
        """One for each GPU."""
        return self.nodes * self.gpus


@dataclass(frozen=True, kw_only=True)
class LevelPlan:
    """One bucket at one level of activation checkpointing, ``dropped = 0`` and the GAN on."""

    flops: float
    """FLOPs of a slot."""
    memory: MemoryPlan
    largest_batch: dict[int, int]
    """Clips that fit, by ZeRO stage; 0 where not even one does."""


@dataclass(frozen=True, kw_only=True)
class BucketPlan:
    """One bucket on one GPU."""

    bucket: Bucket
    flops: SlotFlops
    """FLOPs at the config's level of activation checkpointing."""
    levels: dict[Recomputed, LevelPlan]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that ``pvvae plan`` prints; bytes and FLOPs are plain numbers."""

    machines: Machines
    steps: int
    slots: int
    team: int
    """Processes that share each slot: FLOPs and memory of a bucket are those of one of them."""
    zero_stage: int
    """ZeRO stage of the config."""
    level: Recomputed
    """Activation checkpointing of the config."""
    networks: dict[str, Sizes]
    states: dict[int, dict[str, States]]
    """Bytes of each engine, by ZeRO stage."""
    helper_bytes: int
    """Bytes of the frozen network of LPIPS."""
    usable_bytes: int
    buckets: tuple[BucketPlan, ...]
    step: StepFlops
    checkpoint_bytes: int
    checkpoints: int
    runs_at: dict[int, bool]
    """Whether DeepSpeed runs this precision at each ZeRO stage."""

    @property
    def seconds_per_step(self) -> float:
        """Until the slowest process is done."""
        speed = self.machines.device.bf16_flops * self.machines.fraction
        return self.step.slowest_process / speed

    @property
    def hours(self) -> float:
        """Hours that the whole stage takes."""
        return self.steps * self.seconds_per_step / 3600

    @property
    def gpu_hours(self) -> float:
        return self.hours * self.machines.processes

    def lasting(self, zero: int) -> int:
        """Bytes that do not depend on the batch."""
        return self.helper_bytes + sum(each.total for each in self.states[zero].values())

    def needed(self, zero: int, level: Recomputed) -> int:
        """Bytes of a process in its largest bucket."""
        return self.lasting(zero) + self.worst(level).memory.peak

    def worst(self, level: Recomputed) -> LevelPlan:
        """The bucket that needs the most memory."""
        return max((each.levels[level] for each in self.buckets), key=lambda at: at.memory.peak)


def make_plan(stage: Stage, machines: Machines) -> Plan:
    """Measure a stage."""
    helper = 0 if stage.helper is None else FP32 * stage.helper.total
    by_zero = {zero: _states(stage, zero, machines.processes) for zero in ZERO_STAGES}
    room = {
        zero: usable(machines.device) - helper - sum(each.total for each in engines.values())
        for zero, engines in by_zero.items()
    }
    rehearsals = {level: make() for level, make in stage.rehearsals.items()}
    buckets = tuple(
        BucketPlan(
            bucket=bucket,
            flops=slot_flops(stage, bucket),
            levels={level: _level_plan(r, bucket, room) for level, r in rehearsals.items()},
        )
        for bucket in stage.buckets
    )
    networks = {name: sizes for name, (sizes, _) in stage.engines.items()}
    (_, main), *_ = stage.engines.values()
    return Plan(
        machines=machines,
        steps=stage.steps,
        slots=stage.slots,
        team=stage.team,
        zero_stage=main.zero_stage,
        level=main.activation_checkpointing,
        networks=networks | ({} if stage.helper is None else {"lpips": stage.helper}),
        states=by_zero,
        helper_bytes=helper,
        usable_bytes=usable(machines.device),
        buckets=buckets,
        step=step_flops(stage, [b.flops for b in buckets], processes=machines.processes),
        checkpoint_bytes=checkpoint_bytes(stage),
        checkpoints=kept_checkpoints(stage),
        runs_at={zero: zero > 0 or main.precision == "fp32" for zero in ZERO_STAGES},
    )


def _states(stage: Stage, zero: int, processes: int) -> dict[str, States]:
    """The first engine at ``zero``, the others as they are configured."""
    found: dict[str, States] = {}
    for name, (sizes, config) in stage.engines.items():
        level = config.zero_stage if found else zero
        found[name] = states(sizes, config, stage=level, processes=processes)
    return found


def _level_plan(rehearsal: Rehearsal, bucket: Bucket, room: dict[int, int]) -> LevelPlan:
    def memory(batch: int) -> MemoryPlan:
        shape = dataclasses.replace(bucket, batch=batch)
        return memory_of(lambda: rehearsal.phases(shape), rehearsal.networks)

    # Every tensor of a slot has the batch as its size or not at all, so bytes are a straight line.
    one, two, configured = memory(1), memory(2), memory(bucket.batch)
    clip = two.peak - one.peak
    return LevelPlan(
        flops=sum(flops_of(lambda: rehearsal.phases(bucket)).values()),
        memory=configured,
        largest_batch={zero: max(0, 1 + (free - one.peak) // clip) for zero, free in room.items()},
    )
