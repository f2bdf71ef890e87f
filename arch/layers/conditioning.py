"""How a denoiser is told time and class: embeddings, and the norms they modulate (adaLN-Zero).

Source: Peebles and Xie, "Scalable Diffusion Models with Transformers" (arXiv 2212.09748), section
3.2, with the starting values of its code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from arch.layers.onednn_linear import linear
from arch.layers.sinusoids import sinusoids

INIT_STD = 0.02
"""Deviation of the fresh weights of time network and label table (Latte, after DiT)."""
TIME_FREQUENCIES = 256
"""Width of the sinusoidal time embedding (Latte, after DiT)."""
TIME_SCALE = 1000.0
"""Time in [0, 1] is stretched to DiT's 1000 diffusion steps; unstretched, a sinusoid with period
10000 hardly changes over [0, 1] (REPA#40 and SiT#24 call that unintended)."""


class Linear(nn.Linear):
    """A linear layer as DiT starts it: Xavier-uniform weight, zero bias.

    It casts its input to its weights' dtype. So in a bfloat16 network the matrix products are
    bfloat16 while the token stream between them stays float32, as it does under autocast.
    Starting values are set on creation, where sharded construction can still see whole weights.
    """

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return linear(input.to(self.weight.dtype), self.weight, self.bias)


class NormalLinear(Linear):
    """Weight from N(0, 0.02^2): the layers of the time network."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=INIT_STD)
        nn.init.zeros_(self.bias)


class ZeroLinear(Linear):
    """All zero: the layers that must start silent (adaLN-Zero, DiT section 3.2)."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class LabelTable(nn.Embedding):
    """One row per class, and a last one for "no class"; N(0, 0.02^2)."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=INIT_STD)


class TimeEmbedding(nn.Module):
    """Times in [0, 1] -> as many vectors of ``width``: sinusoids of 1000 t, then two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            NormalLinear(TIME_FREQUENCIES, width), nn.SiLU(), NormalLinear(width, width)
        )

    def forward(self, time: Tensor) -> Tensor:
        waves = sinusoids(TIME_SCALE * time.double(), width=TIME_FREQUENCIES)
        sines, cosines = waves.chunk(2, dim=-1)
        embedding: Tensor = self.mlp(torch.cat([cosines, sines], dim=-1))  # DiT's order
        return embedding.float()


class Modulation(nn.Module):
    """``count`` tensors (B, 1 or t, 1, width): tokens of a sample or frame are treated alike."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.linear = ZeroLinear(width, count * width)

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        """Tensors of a condition (B, 1 or t, width)."""
        parts: Tensor = self.linear(F.silu(condition)).float()
        return parts[:, :, None].chunk(self.count, dim=-1)
