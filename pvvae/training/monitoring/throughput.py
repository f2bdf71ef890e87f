"""How fast a run goes, and what it spends on waiting for data and in memory."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from pvvae import distributed

_PAGE = resource.getpagesize()
_GIB = 2**30


class Wait:
    """Seconds that this process has waited for its data."""

    def __init__(self) -> None:
        """None so far."""
        self.seconds = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count what is done here as waiting."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began

    def take(self) -> float:
        """The seconds since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


def pace(
    *,
    seconds: float,
    waited: float,
    steps: int,
    clips: float,
    pixels: float,
    flops: float = 0.0,
    peak: float | None = None,
) -> dict[str, float]:
    """Values of one interval.

    Args:
        seconds: how long it took, evaluation and checkpoints left out.
        waited: of these, for data.
        steps: taken or skipped.
        clips, pixels: of all processes, in steps that were taken.
        flops: of all processes; 0 if they are not counted.
        peak: FLOP/s that all processes could do, if known.
    """
    found = {
        "seconds_per_step": seconds / steps,
        "clips_per_second": clips / seconds,
        "data_wait_share": waited / seconds,
    }
    if pixels:
        found["pixels_per_second"] = pixels / seconds
    if flops:
        found["flops_per_second"] = flops / seconds
    if flops and peak:
        found["peak_share"] = flops / seconds / peak
    return found


def memory() -> dict[str, float]:
    """GiB of the process that has most; a collective call.

    On CUDA the peak that tensors took since the last call, else what the process holds now, its
    data workers left out.
    """
    if torch.cuda.is_available():
        held = torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    else:
        held = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    most = max(int(str(part)) for part in distributed.gather_objects(held))
    return {"memory_gib": most / _GIB}
