"""What DeepSpeed is told: every setting that matters, because its defaults have changed."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from arch.ranges import Decay, Range, Share, Step, Weight
from pvvae.config import check_ranges
from pvvae.engine.activation_checkpointing import Recomputed


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """AdamW: linear warm-up, then constant or cosine decay."""

    lr: Share = 5e-5
    """Base learning rate (section 4.1)."""
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    """The paper names none: AdamW's own."""
    eps: Share = 1e-8
    """AdamW's own."""
    weight_decay: Annotated[float, Range(0.0, 100.0)] = 0.0
    """The paper names none; 0 in Latte's public code and in SSVAE's spirit of no extra pull."""
    warmup: Step = 1_000
    """Steps of linear warm-up: SSVAE's 1,000; the paper says only that there is one."""
    schedule: Literal["cosine", "constant"] = "cosine"
    final_ratio: Share = 0.1
    """Cosine ends at this part of ``lr``: "decayed by a factor of 10" (section 4.1)."""

    def __post_init__(self) -> None:
        check_ranges(self)

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of ``step`` (from 0) out of ``steps``."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.lr
        part = (step - self.warmup) / max(1, steps - self.warmup)
        return self.lr * (
            self.final_ratio + (1 - self.final_ratio) * 0.5 * (1 + math.cos(math.pi * part))
        )


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How one network is sharded over the processes."""

    zero_stage: Literal[0, 1, 2, 3] = 2
    """What is sharded: 1 optimizer state, 2 also gradients, 3 also parameters."""
    precision: Literal["fp32", "bf16"] = "bf16"
    """bf16 keeps fp32 master weights in the optimizer."""
    gradient_clipping: Weight = 1.0
    """Largest gradient norm, 0 for none. Open-Sora and LeanVAE clip their VAEs at 1."""
    bucket_elements: Annotated[int, Range(1, 10**15)] = 200_000_000
    """Elements reduced at once; a buffer of this size is held. Ours: 0.4 GB in bf16."""
    persistent_elements: Annotated[int, Range(0, 10**15)] = 100_000
    """ZeRO 3 leaves parameters below this size whole on every process: DeepSpeed's own default."""
    overlap: bool = False
    """Reduce gradients while the backward pass goes on. Off by default: results then do not depend
    on the order in which buckets happen to fill."""
    activation_checkpointing: Recomputed = "none"
    """Segments of the network whose inside is computed again for the backward pass instead of kept:
    none, half (every second) or all. `pvvae plan` shows what each costs and saves."""
    compile: bool = False
    """Compile each segment with torch.compile, once for each size of its input. Off by default: the
    first steps take minutes, and what it gains on a GPU has not been measured. Under ZeRO 3 a graph
    ends wherever weights are gathered."""
    offload: Literal["none", "optimizer"] = "none"
    """Keep fp32 weights, moments and average in the memory of the CPU, and take the optimizer's
    step there. Saves memory of the GPU (`pvvae plan` says how much), costs time at every step."""
    ema_decay: Decay | None = None
    """Decay of the averaged weights, None for no average. Latte: 0.9999 (its public code)."""

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.zero_stage == 0 and self.precision == "bf16":
            raise ValueError(
                "zero_stage 0 with bf16 would accumulate gradients in bf16, which DeepSpeed "
                "refuses to mix with fp32; use zero_stage 1, or precision: fp32"
            )
        if self.zero_stage == 0 and self.offload == "optimizer":
            raise ValueError(
                "offload: optimizer needs zero_stage 1, 2 or 3; at 0 every process has a whole "
                "optimizer of its own"
            )


def deepspeed_settings(
    config: EngineConfig,
    optimizer: OptimizerConfig,
    *,
    elements: int,
    accumulation: int,
    on_cpu: bool,
) -> dict[str, Any]:
    """DeepSpeed's configuration.

    Args:
        config: ours.
        optimizer: AdamW's constants; the learning rate is set at every step by us.
        elements: number of trainable parameters, an upper bound for buckets.
        accumulation: backward passes in a step.
        on_cpu: use torch's AdamW, since DeepSpeed's would be compiled at first use. On a GPU that
            minute is well spent: its fused kernel, and its vectorised one for ``offload``, read and
            write each element once.
    """
    bucket = min(config.bucket_elements, elements)
    bucket += bucket % 2  # ZeRO asserts an even size
    return {
        # The batch size means nothing to the engine itself; our slots differ in theirs.
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": accumulation,
        "gradient_clipping": config.gradient_clipping,
        "steps_per_print": 10**9,
        "wall_clock_breakdown": False,
        "optimizer": {
            "type": "AdamW",
            "params": {
                "lr": optimizer.lr,
                "betas": list(optimizer.betas),
                "eps": optimizer.eps,
                "weight_decay": optimizer.weight_decay,
                "torch_adam": on_cpu,
                "adam_w_mode": True,
            },
        },
        "bf16": {"enabled": config.precision == "bf16", "check_grad_overflow": True},
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_optimization": {
            "stage": config.zero_stage,
            "contiguous_gradients": True,
            "reduce_scatter": True,
            "overlap_comm": config.overlap,
            "reduce_bucket_size": bucket,
            "allgather_bucket_size": bucket,
            "stage3_prefetch_bucket_size": bucket // 10,
            "stage3_param_persistence_threshold": config.persistent_elements,
            "elastic_checkpoint": False,
            "offload_optimizer": {
                "device": "cpu" if config.offload == "optimizer" else "none",
                "pin_memory": not on_cpu,
            },
        },
        "zero_force_ds_cpu_optimizer": False,  # torch's AdamW may be offloaded as well
    }
