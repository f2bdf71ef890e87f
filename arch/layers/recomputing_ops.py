"""Layers that keep less for the backward pass than their parts would, and compute the same.

What autograd keeps of an element-wise operation is mostly what it has been given or has given out,
which the next operation keeps as well. Here one of the two is kept and the other computed again,
at the price of an element-wise operation. None has second derivatives.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from arch.layers.onednn_linear import linear, product

NORM_EPS = 1e-6
"""LayerNorm epsilon (Latte, after DiT)."""


def modulated_norm(x: Tensor, *, shift: Tensor, scale: Tensor) -> Tensor:
    """LayerNorm over the last axis without weights of its own, then scale and shift (adaLN).

    Keeps ``x``; the normed tokens are computed again.

    Args:
        x: tokens (B, t, n, width).
        shift: (B, 1 or t, 1, width), what is added.
        scale: of that shape; ``1 + scale`` is what tokens are multiplied by.
    """
    result: Tensor = _ModulatedNorm.apply(x, shift, scale)  # type: ignore[no-untyped-call]
    return result


def gelu_linear(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A linear layer (out, in) of GELU, by the tanh formula, of ``hidden`` (..., in).

    Keeps ``hidden``; its GELU, which the gradient of ``weight`` needs, is computed again.
    """
    result: Tensor = _GeluLinear.apply(hidden, weight, bias)  # type: ignore[no-untyped-call]
    return result


class _ModulatedNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        normed, mean, rstd = torch.native_layer_norm(x, x.shape[-1:], None, None, NORM_EPS)
        ctx.save_for_backward(x, mean, rstd, scale)
        return torch.addcmul(shift, normed, 1 + scale)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (grad,) = grads
        x, mean, rstd, scale = ctx.saved_tensors
        of_scale = (grad * ((x - mean) * rstd)).sum_to_size(scale.shape)
        of_x, _, _ = torch.ops.aten.native_layer_norm_backward(
            grad * (1 + scale), x, x.shape[-1:], mean, rstd, None, None, [True, False, False]
        )
        return of_x, grad.sum_to_size(scale.shape), of_scale


class _GeluLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        return linear(F.gelu(hidden, approximate="tanh"), weight, bias)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (grad,) = grads
        hidden, weight = ctx.saved_tensors
        rows = grad.flatten(0, -2)  # (rows, out)
        activated = F.gelu(hidden, approximate="tanh").flatten(0, -2)  # (rows, in)
        of_weight = product(rows.T, activated.T)
        del activated
        of_hidden = product(rows, weight.T).view(hidden.shape)
        torch.ops.aten.gelu_backward.grad_input(  # in place
            of_hidden, hidden, approximate="tanh", grad_input=of_hidden
        )
        return of_hidden, of_weight, rows.sum(0)
