"""Where ZeRO keeps the gradient of a step, between its reduction and its use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from pvvae import distributed


class Gradients:
    """The reduced gradient of one network, as one process holds it."""

    def __init__(self, network: nn.Module, optimizer: Any) -> None:
        """Find the gradient of ``network`` in DeepSpeed's ``optimizer``."""
        self._network, self._optimizer = network, optimizer

    def square(self) -> Tensor:
        """This process's part () of the squared norm; the sum over processes is the square."""
        norms, holders = self._norms()
        if not norms:  # a process that holds no part of a small network
            return torch.zeros((), device=distributed.device())
        return torch.stack(norms).to(distributed.device()).square().sum() / holders

    @contextmanager
    def forced_overflow(self) -> Iterator[None]:
        """Make ZeRO find something that is not finite, and nothing left of it afterwards."""
        gradients, _ = self._held()
        for gradient in gradients:
            gradient.fill_(torch.nan)
        if self._offloaded:
            norms = self._optimizer.norm_for_param_grads  # what it looks at instead
            for key, norm in norms.items():
                norms[key] = torch.full_like(norm, torch.nan)
        yield
        for gradient in gradients:  # used again: ZeRO 3 never writes to their padding
            gradient.zero_()

    @property
    def _offloaded(self) -> bool:
        """ZeRO 1 and 2 say it by the first name, 3 by the second."""
        optimizer = self._optimizer
        return bool(
            getattr(optimizer, "cpu_offload", False)
            or getattr(optimizer, "offload_optimizer", False)
        )

    def _norms(self) -> tuple[list[Tensor], int]:
        """Norms of the parts held, and how many processes hold the same."""
        if self._offloaded:  # the gradient is on its way to the CPU; its norms were taken before
            found = self._optimizer.norm_for_param_grads.values()
            return [norm.float() for norm in found], 1
        gradients, holders = self._held()
        return [torch.linalg.vector_norm(g, dtype=torch.float32) for g in gradients], holders

    def _held(self) -> tuple[list[Tensor], int]:
        """Reduced gradients held by this process, and how many processes hold the same."""
        parts = getattr(self._optimizer, "averaged_gradients", None)
        if parts is not None:  # ZeRO 1 to 3
            return [g for group in parts.values() if group is not None for g in group], 1
        # ZeRO 1 with bf16, then ZeRO 0: whole on every process.
        whole = getattr(self._optimizer, "fp32_groups_gradients_flat", None)
        if whole is None:
            whole = [p.grad for p in self._network.parameters() if p.grad is not None]
        return list(whole), distributed.world_size()
