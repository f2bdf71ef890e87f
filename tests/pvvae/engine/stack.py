"""A network of four equal segments, for tests."""

import torch
from torch import Tensor, nn

from arch.interface import Network


class Counted(nn.Module):
    """A layer that counts its passes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.passes = nn.Linear(8, 8), 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return x + torch.tanh(self.linear(x)) ** 2


class Stack(Network):
    """Four segments, one after another."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(*(Counted() for _ in range(4)))

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        return tuple(self.layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def passes(self) -> list[int]:
        return [layer.passes for layer in self.layers]
