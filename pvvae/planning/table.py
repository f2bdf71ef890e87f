"""A plan as text, and as plain data."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pvvae.data.schedule import Bucket
from pvvae.engine import Recomputed
from pvvae.planning.dry_run import DryRun
from pvvae.planning.plan import ZERO_STAGES, Plan
from pvvae.training.monitoring.flops import RESERVED

GIB = 2**30
PARTS = ("weights", "gradients", "optimizer", "average", "buckets")
"""Fields of ``States``, in the order of the table."""

ASSUMPTIONS = """\
What this rests on
  FLOPs     Counted by torch's FlopCounterMode over the stage's own networks and losses, on tensors
            without memory: forward, and backward as it runs, not as a multiple. Two for a
            multiplication and an addition; norms and activation functions are not counted.
  Dropping  FLOPs are means over the numbers of dropped groups, memory is that of dropping none.
  Memory    All tensors alive at the worst moment of a slot, with the GAN if there is one, attention
            in fused kernels; what lasts, and what is saved for or passes in the backward pass.
            {reserved:.0%} of {memory:.0f} GB is left to CUDA, NCCL, workspaces
            and fragments (ours). ZeRO as in DeepSpeed 0.19.8, which does not run bf16 at stage 0.
  Time      The slowest GPU of each step that the stage's schedule draws, at {fraction:.0%} of the
            {peak:.0f} TFLOP/s of dense bf16: {whose}.
            Data, communication, evaluation and checkpoints cost nothing here, and LPIPS, which
            runs in fp32, no more than its FLOPs would in bf16.
  Disk      {keep} newest checkpoints, the best, and the one being written; shards of all GPUs."""


def text(plan: Plan, *, title: str, own_fraction: bool) -> str:
    """The whole page."""
    parts = [_head(plan, title), _networks(plan), _flops(plan), _lasting(plan)]
    parts += [
        _memory(plan),
        _batches(plan),
        _time(plan),
        _assumptions(plan, own_fraction=own_fraction),
    ]
    return "\n\n".join(parts)


def data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data: bytes, FLOPs, seconds, hours."""
    plain = dataclasses.asdict(plan)
    plain |= {
        "needed_bytes": {
            level: {zero: plan.needed(zero, level) for zero in ZERO_STAGES}
            for level in plan.buckets[0].levels
        },
        "seconds_per_step": plan.seconds_per_step,
        "hours": plan.hours,
        "gpu_hours": plan.gpu_hours,
    }
    return plain


def _head(plan: Plan, title: str) -> str:
    machines = plan.machines
    where = f"{machines.nodes} x {machines.gpus} {machines.device.name}"
    shared = f", {plan.team} GPUs to a slot" if plan.team > 1 else ""
    return f"{title}: {plan.steps:,} steps of {plan.slots} slots on {where}{shared}"


def _networks(plan: Plan) -> str:
    rows = [
        [name, f"{sizes.trainable:,}", f"{sizes.frozen:,}"] for name, sizes in plan.networks.items()
    ]
    return columns(["Parameters", "trainable", "frozen"], rows)


def _flops(plan: Plan) -> str:
    names = list(plan.buckets[0].flops.phases)
    rows = []
    for each in plan.buckets:
        cells = [each.flops.phases.get(name, 0.0) for name in names] + [each.flops.total]
        rows.append([shape(each.bucket), *(_tera(cell) for cell in cells)])
    step = plan.step.all_processes
    rows.append(["a step, mean", *[""] * len(names), _tera(step)])
    head = "TFLOP of a slot" if plan.team == 1 else f"TFLOP, 1 of {plan.team}"
    return columns([head, *names, "all"], rows)


def _lasting(plan: Plan) -> str:
    rows = []
    for part in PARTS:
        cells = [
            sum(vars(states)[part] for states in plan.states[zero].values()) for zero in ZERO_STAGES
        ]
        if any(cells):
            rows.append([part, *map(_gib, cells)])
    host = [sum(each.host for each in plan.states[zero].values()) for zero in ZERO_STAGES]
    if plan.helper_bytes:
        rows.append(["LPIPS network", *[_gib(plan.helper_bytes)] * 4])
    rows.append(["all that lasts", *(_gib(plan.lasting(zero)) for zero in ZERO_STAGES)])
    if any(host):
        rows.append(["beside it, of the CPU", *map(_gib, host)])
    return columns(["GiB of a GPU", *_stages(plan)], rows)


def _memory(plan: Plan) -> str:
    rows = []
    levels = list(plan.buckets[0].levels)
    for level in levels:
        worst = plan.worst(level)
        passing = worst.memory.peak - worst.memory.saved
        more = worst.flops / plan.worst(levels[0]).flops - 1.0
        cells = [_gib(worst.memory.saved), _gib(passing), f"+{more:.0%}"]
        rows.append(
            [_starred(level, plan.level), *cells, *(_need(plan, z, level) for z in ZERO_STAGES)]
        )
    heads = ["Recomputed segments", "saved", "passing", "FLOPs", *_stages(plan)]
    note = (
        f"  GiB of the largest bucket; * the config's; NO: more than {_gib(plan.usable_bytes)};"
        " -: does not run"
    )
    return columns(heads, rows) + "\n" + note


def _need(plan: Plan, zero: int, level: Recomputed) -> str:
    if not plan.runs_at[zero]:
        return "-"
    needed = plan.needed(zero, level)
    return _gib(needed) if needed <= plan.usable_bytes else f"NO {_gib(needed)}"


def _batches(plan: Plan) -> str:
    rows = [
        [
            f"{shape(each.bucket)}, {_starred(level, plan.level)}",
            *(str(at.largest_batch[zero]) for zero in ZERO_STAGES),
        ]
        for each in plan.buckets
        for level, at in each.levels.items()
    ]
    return columns(["Largest batch", *_stages(plan)], rows)


def _stages(plan: Plan) -> list[str]:
    return [f"ZeRO {_starred(zero, plan.zero_stage)}" for zero in ZERO_STAGES]


def _starred(value: object, configured: object) -> str:
    return f"{value}{'*' * (value == configured)}"


def _time(plan: Plan) -> str:
    rows = [
        ["seconds a step", f"{plan.seconds_per_step:,.3g}"],
        ["steps an hour", f"{3600 / plan.seconds_per_step:,.0f}"],
        ["hours", f"{plan.hours:,.1f}"],
        ["GPU-hours", f"{plan.gpu_hours:,.0f}"],
        ["GB a checkpoint", f"{plan.checkpoint_bytes / 1e9:,.2f}"],
        ["GB of disk", f"{plan.checkpoints * plan.checkpoint_bytes / 1e9:,.2f}"],
    ]
    return columns(["Time and disk", ""], rows)


def _assumptions(plan: Plan, *, own_fraction: bool) -> str:
    machines = plan.machines
    return ASSUMPTIONS.format(
        reserved=RESERVED,
        memory=machines.device.memory / 1e9,
        fraction=machines.fraction,
        peak=machines.device.bf16_flops / 1e12,
        whose="your --fraction"
        if own_fraction
        else "ours and not measured; set it with --fraction",
        keep=plan.checkpoints - 2,
    )


def shape(bucket: Bucket) -> str:
    """Batch and size of a bucket."""
    return f"{bucket.batch} x {bucket.frames}x{bucket.height}x{bucket.width}"


def _tera(flops: float) -> str:
    return f"{flops / 1e12:,.4g}"


def _gib(size: int) -> str:
    return f"{size / GIB:,.2f}"


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """First column to the left, the others to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    first, *others = widths

    def line(cells: Sequence[str]) -> str:
        right = (f"{cell:>{max(w, 9)}}" for cell, w in zip(cells[1:], others, strict=True))
        return f"{cells[0]:<{max(first, 18)}}  {'  '.join(right)}".rstrip()

    return "\n".join(map(line, lines))


KINDS = {
    "trained": "all",
    "network": "network",
    "weight": "fp32 weights",
    "exp_avg": "exp_avg",
    "exp_avg_sq": "exp_avg_sq",
    "average": "average",
}
"""What an engine says it holds, and its column."""


def dry_run_text(found: DryRun, *, title: str, processes: int) -> str:
    """The whole page."""
    taken = "no step" if found.skipped else "first steps"
    head = f"{title}: process 0 of {processes}, {taken} taken"
    parts = [head, _elements(found), _steps(found)]
    return "\n\n".join(parts + ([] if found.skipped is None else [f"No step: {found.skipped}."]))


def _elements(found: DryRun) -> str:
    used = [kind for kind in KINDS if any(kind in held for held in found.elements.values())]
    rows = [
        [f"{name}, ZeRO {found.zero[name]}", *(f"{held.get(kind, 0):,}" for kind in used)]
        for name, held in found.elements.items()
    ]
    return columns(["Trained elements", *(KINDS[kind] for kind in used)], rows)


def _steps(found: DryRun) -> str:
    rows = [
        [
            f"step {number}",
            *(f"{each:,}" for each in (step.slots, step.clips, step.pixels)),
            *(f"{each:,}" for each in (step.slots_here, step.clips_here)),
        ]
        for number, step in enumerate(found.steps)
    ]
    return columns(["Batch", "slots", "clips", "pixels", "slots here", "clips here"], rows)
