"""AdamW and its learning rate, as a pure function of the step (section 4.1)."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from arch.ranges import Decay, Range, Share, Step
from pvvae.config import check_ranges


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
