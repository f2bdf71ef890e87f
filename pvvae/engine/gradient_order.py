"""Gradients reach ZeRO complete and in one order, whatever each process's graph looks like."""

from collections.abc import Callable
from typing import Any

from torch import nn

Reduce = Callable[..., None]


class OrderedReduction:
    """Between autograd and ZeRO: sorts what arrives, and names what does not.

    ZeRO 2 and 3 (and 1 with overlap) put gradients into a bucket as autograd delivers them and sum
    buckets over processes element by element, so they silently add up gradients of *different*
    parameters when two processes' graphs differ (seen on DeepSpeed 0.19.8; reading it, 3 sorts
    within a bucket only). Ours do differ: with one drop per batch a process may encode a single
    group, whose convolutions run in 2D, while its neighbour encodes five. So each gradient waits
    until those before it, in reversed order of definition, have gone.
    """

    def __init__(self, network: nn.Module) -> None:
        """Watch the parameters of ``network`` that are trained; before DeepSpeed adds its hooks."""
        trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self._names = [name for name, _ in reversed(trained)]
        self._parameters = [p for _, p in reversed(trained)]
        self._arrived: set[int] = set()
        self._waiting: dict[int, tuple[Reduce, tuple[Any, ...]]] = {}
        self._next = 0
        for parameter in self._parameters:
            parameter.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                lambda p: self._arrived.add(id(p))
            )

    def attach(self, engine: Any, optimizer: Any) -> None:
        """Stand between a DeepSpeed engine's hooks and its optimizer's buckets."""
        # The hooks of ZeRO 1 and 2 end in the first of these, those of ZeRO 3 in the second.
        for name in ("process_gradients", "reduce_ready_partitions_and_remove_grads"):
            if hasattr(optimizer, name):
                setattr(optimizer, name, self._sorted(getattr(optimizer, name)))
                break
        reduce_rest = engine._backward_epilogue

        def complete() -> None:
            self._close()
            reduce_rest()

        engine._backward_epilogue = complete

    def _sorted(self, reduce: Reduce) -> Reduce:
        def wait(parameter: nn.Parameter, *rest: Any) -> None:
            self._waiting[id(parameter)] = (reduce, (parameter, *rest))
            self._flush()

        return wait

    def _flush(self) -> None:
        while self._next < len(self._parameters):
            found = self._waiting.pop(id(self._parameters[self._next]), None)
            if found is None:
                return
            self._next += 1
            reduce, inputs = found
            reduce(*inputs)

    def _close(self) -> None:
        pairs = zip(self._names, self._parameters, strict=True)
        missing = [name for name, p in pairs if id(p) not in self._arrived]
        self._arrived.clear()
        self._waiting.clear()
        self._next = 0
        if missing:
            raise RuntimeError(
                f"{len(missing)} trained parameters had no part in the loss: "
                f"{', '.join(missing[:8])}. Under ZeRO each must have one, on every process and "
                "at every step; freeze them, or let them in with weight 0"
            )
