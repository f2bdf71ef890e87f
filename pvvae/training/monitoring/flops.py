"""How much arithmetic a run does, against the peak of its accelerators."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch

from pvvae.training.monitoring.accelerators import DEVICES


class SlotWork(NamedTuple):
    """What decides the FLOPs of one slot."""

    shape: tuple[int, int, int, int]
    """(B, T, H, W) of its clips; (B, t, h, w) of latents."""
    dropped: int = 0
    """Groups that the encoder is spared."""
    gan: bool = False
    """Whether the discriminator is at work."""
    looks: int = 1
    """Forward passes: 2 if the slot is seen before its backward pass is due."""


CountFlops = Callable[[SlotWork], float]
"""FLOPs of one slot."""


class Work:
    """FLOPs of this process, counted when asked for and not while it works."""

    def __init__(self, count: CountFlops | None) -> None:
        """None counts nothing."""
        self._count = count
        self._done: Counter[SlotWork] = Counter()
        self._known: dict[SlotWork, float] = {}

    def add(self, slot: SlotWork) -> None:
        """One slot has been worked on."""
        if self._count is not None:
            self._done[slot] += 1

    def take(self) -> float:
        """FLOPs since the last call; 0 where nothing is counted."""
        done, self._done = self._done, Counter()
        return sum(number * self._flops(slot) for slot, number in done.items())

    def _flops(self, slot: SlotWork) -> float:
        if slot not in self._known:
            assert self._count is not None, "nothing is counted"
            self._known[slot] = self._count(slot)
        return self._known[slot]


def peak_flops(peak_tflops: float | None) -> float | None:
    """Peak FLOP/s of one process: what the config says, or its GPU's; None if neither is known."""
    if peak_tflops is not None:
        return peak_tflops * 1e12
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name().lower()  # such as "NVIDIA H100 80GB HBM3"
    return next((device.bf16_flops for word, device in DEVICES.items() if word in name), None)
