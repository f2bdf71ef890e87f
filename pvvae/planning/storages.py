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


class _Known:
    """Storages that have been seen, each as long as it lives: its key may then be another's."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self._keys: set[int] = set()
        for tensor in tensors:
            self.meet(tensor.untyped_storage())

    def meet(self, storage: torch.UntypedStorage) -> bool:
        """Whether it is seen for the first time."""
        key = storage._cdata
        if key in self._keys:
            return False
        self._keys.add(key)
        weakref.finalize(storage, self._keys.discard, key)
        return True


class SavedActivations:
    """Counts the storages that autograd saves for the backward pass, each once."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        """``parameters`` are not activations."""
        self._known = _Known(parameters)
        self.bytes = 0

    def counting(self) -> AbstractContextManager[Any]:
        """Count what is saved inside."""
        return saved_tensors_hooks(self._pack, lambda saved: saved)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if self._known.meet(storage):
            self.bytes += storage.nbytes()
        return tensor


class LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While active, follows every storage that an operator makes, from birth to death."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        """``parameters`` lived before, and do not count."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._known = _Known(parameters)
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
        if self._known.meet(storage):
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._died, storage.nbytes())

    def _died(self, size: int) -> None:
        self.now -= size
