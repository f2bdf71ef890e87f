"""Two processes whose graphs differ train one network: ``python -m tests.pvvae.engine.other_order``
prints the gradient norms of two steps under each way of sharding it."""

import torch
from torch import nn
from torch.nn import functional

from pvvae import distributed
from pvvae.engine import Engine, EngineConfig, start, stop
from pvvae.engine.settings import OptimizerConfig


class Toy(nn.Module):
    """Weight and bias, whose gradients come in another order on the second process."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(6.0).view(2, 3) / 6)
        self.bias = nn.Parameter(torch.tensor([0.5, -0.5]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # What was used first gets its gradient last.
        bias = self.bias if distributed.is_main() else self.bias.mul(1)
        return functional.linear(x, self.weight) + bias


def loss_of(network: nn.Module, rank: int, step: int) -> torch.Tensor:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2 * step + rank))
    return network(x).square().sum()


def norms_of_one_process() -> list[float]:
    """What the two processes must print, in plain PyTorch."""
    network = Toy()
    sgd = torch.optim.AdamW(network.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.0)
    norms = []
    for step in range(2):
        ((loss_of(network, 0, step) + loss_of(network, 1, step)) / 2).backward()
        norms.append(float(nn.utils.clip_grad_norm_(network.parameters(), 1e9)))
        sgd.step()
        sgd.zero_grad()
    return norms


WAYS = [(stage, overlap, bucket) for stage in range(4) for overlap in (0, 1) for bucket in (4, 99)]
"""ZeRO stage, whether reducing overlaps with the backward pass, and elements of a bucket: one
parameter each, or both in one."""


def main() -> None:
    start()
    optimizer = OptimizerConfig(lr=1e-2, betas=(0.9, 0.95), weight_decay=0.0)
    for stage, overlap, bucket in WAYS:
        config = EngineConfig(
            zero_stage=stage,
            precision="fp32",
            gradient_clipping=0.0,
            overlap=bool(overlap),
            bucket_elements=bucket,
            persistent_elements=0,
        )
        engine = Engine(Toy(), config=config, optimizer=optimizer, accumulation=1)
        for step in range(2):
            engine.backward(loss_of(engine, distributed.rank(), step))
            engine.step(lr=1e-2)
            print("norm", stage, overlap, bucket, engine.gradient_norm)
    stop()
    distributed.leave(0)


if __name__ == "__main__":
    main()
