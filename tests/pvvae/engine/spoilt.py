"""Two engines trained together on steps of which some are spoilt, on one process or on one of two.

``python -m tests.pvvae.engine.spoilt ZERO_STAGE PRECISION OFFLOAD`` prints what the test wants to
know.
"""

import sys

import torch
from torch import nn

from pvvae import distributed
from pvvae.engine import Engine, EngineConfig, start, step_all_or_none, stop
from pvvae.engine.settings import OptimizerConfig

OPTIMIZER = OptimizerConfig(lr=1e-2, weight_decay=0.01)
SPOILT = {1: "gradient", 2: "loss", 4: "other gradient"}
"""What is not finite at which step; the process that spoils it is the last one."""


class Toy(nn.Module):
    """Two layers, of odd sizes: two processes' parts of them are padded."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.second = nn.Linear(8, 15), nn.Linear(15, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))


class Pair:
    """Two networks, two backward passes a step."""

    def __init__(self, stage: int, precision: str, offload: str) -> None:
        self.engines = [
            Engine(
                Toy(seed),
                config=EngineConfig(
                    zero_stage=stage,
                    precision=precision,
                    offload=offload,
                    ema_decay=0.9,
                    gradient_clipping=0.3,
                ),
                optimizer=OPTIMIZER,
                accumulation=2,
            )
            for seed in (0, 1)
        ]

    def step(self, step: int, *, spoilt: str = "") -> tuple[bool, list[float]]:
        """Whether the step was taken, and this process's losses."""
        mine = distributed.rank() == distributed.world_size() - 1
        total = torch.zeros(2)
        for part in range(2):
            seed = 100 * step + 10 * part + distributed.rank()
            x = torch.randn(4, 8, generator=torch.Generator().manual_seed(seed))
            for i, engine in enumerate(self.engines):
                loss = (engine(x.to(engine.dtype)).float() - x).square().mean()
                if mine and part == 0 and spoilt == ("gradient", "other gradient")[i]:
                    loss = loss * torch.nan
                engine.backward(loss)
                total[i] += loss.detach()
            if mine and spoilt == "loss":
                total[1] = torch.inf  # its gradient is finite
            rates = dict.fromkeys(self.engines, 1e-2)
            taken = step_all_or_none(rates, losses=total if not spoilt.endswith("gradient") else [])
        return taken, total.tolist()

    def weights(self) -> list[torch.Tensor]:
        """Weights and averages of both, on the main process."""
        found = [e.weights(averaged=a) for e in self.engines for a in (False, True)]
        return [tensor for weights in found for tensor in weights.values()]

    def norms(self) -> list[float]:
        """Of both gradients, at the last step that was taken."""
        return [engine.gradient_norm for engine in self.engines]


def same(left: list[torch.Tensor], right: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def find_out(stage: int, precision: str, offload: str) -> dict[str, object]:
    """Train a pair through spoilt steps, and another without those steps."""
    pair, clean = (Pair(stage, precision, offload) for _ in range(2))
    found: dict[str, object] = {"taken": [], "kept": True, "equal": True}
    for step in range(6):
        before, norms = pair.weights(), pair.norms()
        taken, losses = pair.step(step, spoilt=SPOILT.get(step, ""))
        found["taken"].append(taken)
        if step in SPOILT:
            found["kept"] &= same(pair.weights(), before) and pair.norms() == norms
        else:
            found["equal"] &= losses == clean.step(step)[1] and pair.norms() == clean.norms()
    found["equal"] &= same(pair.weights(), clean.weights())
    return found


def main() -> None:
    start()
    print("found", find_out(int(sys.argv[1]), *sys.argv[2:]))
    stop()
    distributed.leave(0)


if __name__ == "__main__":
    main()
