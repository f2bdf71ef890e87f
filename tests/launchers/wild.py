"""A plugin: the toy network, with no finite number once its weights have moved."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from arch.interface import BackboneConfig
from arch.registry import lookup, register

ToyConfig: Any = lookup(BackboneConfig, "toy")  # the plugin that stands before this one


@register(BackboneConfig, "wild")
@dataclass(frozen=True, kw_only=True)
class WildConfig(ToyConfig):
    """Nothing to choose."""

    def build(self) -> Any:
        network = super().build()
        first = network.head.weight.detach().clone()
        decode = network.decode

        def wild(z: Tensor) -> Tensor:
            moved = (network.head.weight.detach() != first).any()
            return decode(z) * torch.where(moved, float("inf"), 1.0)

        network.decode = wild
        return network
