"""Where ZeRO keeps which elements of which parameter: one description for all its stages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pvvae import distributed

MOMENTS = ("exp_avg", "exp_avg_sq")
"""AdamW's state of an element, as torch and DeepSpeed name it."""


@dataclass(frozen=True)
class Place:
    """A stretch of one flattened parameter, and where this process optimizes it."""

    name: str
    start: int
    """First element of the stretch in the flattened parameter."""
    length: int
    flat: int
    """Which of the process's flat tensors holds it."""
    offset: int
    """First element of the stretch in that tensor."""

    def of(self, flats: list[Tensor]) -> Tensor:
        """The stretch, (length,), as a view into one of ``flats``."""
        return flats[self.flat].detach().view(-1).narrow(0, self.offset, self.length)


class Sharding:
    """The fp32 weights and optimizer state that one process holds."""

    def __init__(self, network: nn.Module, optimizer: Any, *, zero_stage: int) -> None:
        """Describe ``network`` as DeepSpeed's ``optimizer`` has sharded it."""
        self._trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
        self._optimizer, self._stage = optimizer, zero_stage
        self.places = list(self._places())
        """What this process holds; with ZeRO 0 everything, on every process."""

    @property
    def shapes(self) -> dict[str, torch.Size]:
        """Shapes of the whole trained parameters."""
        sized = self._trained.items()
        return {n: p.ds_shape if self._stage == 3 else p.shape for n, p in sized}  # type: ignore[attr-defined]

    def network_elements(self) -> int:
        """Trained elements that the network itself keeps between two passes."""
        if self._stage < 3:
            return sum(p.numel() for p in self._trained.values())
        kept = self._trained.values()
        return sum(p.ds_numel if p.ds_persist else p.ds_tensor.numel() for p in kept)  # type: ignore[attr-defined]

    def weights(self) -> list[Tensor]:
        """fp32 weights: flat shards or (ZeRO 0) whole parameters."""
        if self._stage == 0:
            return list(self._trained.values())
        names = (
            "fp32_partitioned_groups_flat",  # ZeRO 3
            "single_partition_of_fp32_groups",  # ZeRO 1 and 2
            "fp32_groups_flat_partition",  # ZeRO 1 with bf16
        )
        return list(next(getattr(self._optimizer, n) for n in names if hasattr(self._optimizer, n)))

    def moments(self, kind: str) -> list[Tensor]:
        """One of :data:`MOMENTS`, parallel to :meth:`weights`; zeros before the first step."""
        return [self._state(flat)[kind] for flat in self.weights()]

    @property
    def steps(self) -> int:
        """Updates that the optimizer has made."""
        return int(self._state(self.weights()[0])["step"])

    @steps.setter
    def steps(self, steps: int) -> None:
        for flat in self.weights():
            state = self._state(flat)
            state["step"] = torch.tensor(float(steps)) if torch.is_tensor(state["step"]) else steps
        for group in self._optimizer.param_groups:
            if "step" in group:  # DeepSpeed's fused AdamW counts there
                group["step"] = steps

    def copy_to_compute_weights(self) -> None:
        """Make the network compute with the weights that :meth:`weights` holds; collective."""
        if self._stage == 3:
            self._spread_partitioned()
        elif self._stage > 0:
            self._optimizer.update_lp_params()

    def _spread_partitioned(self) -> None:
        optimizer = self._optimizer
        # A pass without a backward one leaves parameters gathered that the backward one would have
        # used (within stage3_max_reuse_distance): the next step would use these old values.
        optimizer.parameter_offload.partition_all_parameters()
        for flat, half, group in zip(
            optimizer.fp32_partitioned_groups_flat,
            optimizer.fp16_partitioned_groups_flat,
            optimizer.fp16_partitioned_groups,
            strict=True,
        ):
            half.data.copy_(flat.data)
            for partition, value in zip(group, optimizer.unflatten(half, group), strict=True):
                partition.data = value.data
        # Some have to be whole on every process between steps too.
        whole = list(optimizer.persistent_parameters)
        if whole:
            whole[0].all_gather(whole)

    def _state(self, flat: Tensor) -> dict[str, Any]:
        # Its optimizer knows a flat tensor as the parameter that it updates.
        inner = self._optimizer if self._stage == 0 else self._optimizer.optimizer
        state: dict[str, Any] = inner.state[flat]
        if not state:  # AdamW makes it at its first step
            state["step"] = torch.tensor(0.0) if isinstance(inner, torch.optim.AdamW) else 0
            state |= {kind: torch.zeros_like(flat.detach()) for kind in MOMENTS}
        return state

    def _places(self) -> Iterator[Place]:
        for number, (name, parameter) in enumerate(self._trained.items()):
            if self._stage == 0:
                yield Place(name, 0, parameter.numel(), number, 0)
            elif self._stage == 3:
                yield from self._partition(name, parameter)
            elif (found := parameter._hp_mapping) is not None:  # type: ignore[attr-defined]
                here, there = found.lp_fragment_address, found.hp_fragment_address
                group = found.param_group_index
                yield Place(name, here.start, here.numel, group, there.start)

    def _partition(self, name: str, parameter: Any) -> Iterator[Place]:
        position = self._optimizer.grad_position[self._optimizer.get_param_id(parameter)]
        group, offset, size = position
        start = distributed.rank() * size
        length = min(size, parameter.ds_numel - start)  # the last partitions are padded
        if length > 0:
            yield Place(name, start, length, group, offset)
