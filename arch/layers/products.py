"""Linear layers of large matrices in float32 on a CPU, by oneDNN.

Where PyTorch takes a BLAS for them, oneDNN computes the same products in less time
(docs/performance.md). On a GPU, in bfloat16 and under a compiler nothing changes.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LARGE = 2**27
"""Multiplications of a product from which on oneDNN is taken: 128 rows of a 1024 x 1024 layer.
Ours: below it the time of a call weighs, and tiny networks stay as they are."""
THIN = 64
"""Sides below which a product is bound by memory, and oneDNN not the faster. Ours."""


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``F.linear``: x (..., in), weight (out, in), bias (out,) -> (..., out)."""
    if not _suits(x.flatten(0, -2), weight):
        return F.linear(x, weight, bias)
    result: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return result


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """a (n, k) by the transpose of b (m, k), plus a bias (m,) -> (n, m); it has no gradient."""
    if not _suits(a, b):
        return F.linear(a, b, bias)
    result: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return result


def _suits(a: Tensor, b: Tensor) -> bool:
    """Whether a (n, k) by the transpose of b (m, k) is for oneDNN; its gradients then are too."""
    sides = (*a.shape, len(b))
    return (
        a.device.type == b.device.type == "cpu"
        and a.dtype == b.dtype == torch.float32
        and math.prod(sides) >= LARGE
        and min(sides) >= THIN
        and not torch.compiler.is_compiling()
        and torch._C._has_mkldnn
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x.flatten(0, -2), weight, bias).view(*x.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        rows = grad.flatten(0, -2)  # (rows, out)
        of_x = product(rows, weight.T).view(x.shape) if ctx.needs_input_grad[0] else None
        return of_x, product(rows.T, x.flatten(0, -2).T), rows.sum(0)
