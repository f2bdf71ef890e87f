"""The most bytes of tensors alive at once, over everything that was made while it was counted."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from pvvae.planning.storages import LiveStorages


class Memory:
    """Counts what one process holds on its device.

    On CUDA the allocator counts, whoever makes a tensor. Elsewhere the storages of tensors do, from
    their making inside :meth:`counted` or :meth:`peak`; workspaces inside a kernel are no tensors.
    """

    def __init__(self, device: torch.device) -> None:
        """Nothing is held yet."""
        self._live = None if device.type == "cuda" else LiveStorages([])

    def counted(self) -> AbstractContextManager[Any]:
        """What is made inside is held until it is let go."""
        return self._live or nullcontext()

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes at the fullest moment of ``work``, what was held before included."""
        if self._live is None:
            torch.cuda.reset_peak_memory_stats()
            work()
            torch.cuda.synchronize()
            return int(torch.cuda.max_memory_allocated())
        self._live.peak = self._live.now
        with self._live:
            work()
        return self._live.peak
