"""Linear layers of large matrices in float32 on a CPU, by oneDNN.

Where PyTorch takes a BLAS for them, oneDNN computes the same products in less time
(docs/performance.md). On a GPU, in bfloat16 and under a compiler nothing changes.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

LARGE = 2**27
"""Multiplications of a product from which on oneDNN is taken: 128 rows of a 1024 x 1024 layer.
Ours: below it the time of a call weighs, and tiny networks stay as they are."""
THIN = 64
"""Sides below which a product is bound by memory, and oneDNN not the faster. Ours."""


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``F.linear``: x (..., in), weight (out, in), bias (out,) -> (..., out).

    Raises:
        RuntimeError: if a gradient of its gradient is asked for, where oneDNN computes it.
    """
    if not _suits(x, weight, sides=(x.numel() // x.shape[-1], *weight.shape)):
        return F.linear(x, weight, bias)
    result: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return result


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) by the transpose of b (m, k), plus a bias (m,) -> (n, m); it has no gradient."""
    if not _suits(a, b, sides=(*a.shape, len(b))):
        return F.linear(a, b, bias)
    # Of another layout oneDNN makes the product without its fast kernels, a thousand times slower.
    a, b = (t if t.is_contiguous() or t.T.is_contiguous() else t.contiguous() for t in (a, b))
    result: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return result


def _suits(*factors: Tensor, sides: tuple[int, ...]) -> bool:
    """Whether oneDNN computes a product of these sides; if so, those of its gradients too."""
    if torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu"):
        return False
    return (
        all(t.device.type == "cpu" and t.dtype == torch.float32 for t in factors)
        and math.prod(sides) >= LARGE
        and min(sides) >= THIN
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        rows = x.flatten(0, -2)  # (rows, in)
        ctx.save_for_backward(rows, weight)
        ctx.shape = x.shape
        return product(rows, weight, bias).view(*x.shape[:-1], len(weight))

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        pulls = grad.flatten(0, -2)  # (rows, out)
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            product(pulls, weight.T).view(ctx.shape) if of_x else None,
            product(pulls.T, rows.T) if of_weight else None,
            pulls.sum(0) if of_bias else None,
        )
