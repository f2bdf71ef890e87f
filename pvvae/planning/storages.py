"""Bytes of tensors: what autograd has saved, and the most that was alive at once."""

import weakref
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def storage_keys(tensors: Iterable[Tensor]) -> set[int]:
    """What tells the storages of tensors apart while they live."""
    return {tensor.untyped_storage()._cdata for tensor in tensors}


class SavedActivations:
    """Counts the storages that autograd saves for the backward pass, each once.

    Right as long as the graph lives: a storage that is freed may leave its key to another.
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        """``parameters`` are not activations."""
        self._known = storage_keys(parameters)
        self.bytes = 0

    def counting(self) -> AbstractContextManager[Any]:
        """Count what is saved inside."""
        return saved_tensors_hooks(self._pack, lambda saved: saved)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._known:
            self._known.add(storage._cdata)
            self.bytes += storage.nbytes()
        return tensor


class LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While active, follows every storage that an operator makes, from birth to death."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        """``parameters`` lived before, and do not count."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._known = storage_keys(parameters)
        self.now = 0
        self.peak = 0
        """The largest that ``now`` has been."""

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._born(leaf.untyped_storage())
        return out

    def _born(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._died, key, storage.nbytes())

    def _died(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size
