"""Layers that keep less for the backward pass, against the same ones in plain operations."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from arch.layers.recomputing_ops import NORM_EPS, gelu_linear, modulated_norm

B, T, N, WIDTH, OUT = 2, 3, 4, 6, 5
FLOAT = 8
"""Bytes of a double."""


def draw(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def plain_norm(x: Tensor, *, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS) * (1 + scale) + shift


def plain_linear(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(F.gelu(hidden, approximate="tanh"), weight, bias)


def saved(result: Tensor) -> int:
    """Bytes of tensors that the operation of ``result`` keeps, inputs among them."""
    kept = {t.untyped_storage()._cdata: t for t in result.grad_fn.saved_tensors}
    return sum(t.numel() * t.element_size() for t in kept.values())


def same_gradients(one: Tensor, two: Tensor, inputs: tuple[Tensor, ...]) -> None:
    assert torch.allclose(one, two, rtol=1e-12, atol=1e-12)
    pull = torch.randn(one.shape, generator=torch.Generator().manual_seed(9), dtype=one.dtype)
    for a, b in zip(
        torch.autograd.grad(one, inputs, pull),
        torch.autograd.grad(two, inputs, pull),
        strict=True,
    ):
        assert a.shape == b.shape
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("frames", [1, T], ids=["a condition a sample", "a condition a frame"])
def test_a_modulated_norm_is_norm_scale_and_shift(frames: int) -> None:
    x = draw(B, T, N, WIDTH, seed=0)
    shift, scale = (draw(B, frames, 1, WIDTH, seed=seed) for seed in (1, 2))
    lean = modulated_norm(x, shift=shift, scale=scale)
    same_gradients(lean, plain_norm(x, shift=shift, scale=scale), (x, shift, scale))


def test_a_modulated_norm_keeps_its_input_and_two_numbers_a_token() -> None:
    x, shift, scale = draw(B, T, N, WIDTH, seed=0), *(draw(B, 1, 1, WIDTH, seed=s) for s in (1, 2))
    tokens = B * T * N
    assert saved(modulated_norm(x, shift=shift, scale=scale)) == FLOAT * (
        tokens * WIDTH + 2 * tokens + B * WIDTH
    )


def test_a_linear_layer_of_gelu_is_both() -> None:
    hidden, weight, bias = draw(B, T, N, WIDTH, seed=0), draw(OUT, WIDTH, seed=1), draw(OUT, seed=2)
    lean = gelu_linear(hidden, weight, bias)
    same_gradients(lean, plain_linear(hidden, weight, bias), (hidden, weight, bias))


def test_a_linear_layer_of_gelu_keeps_its_input_once() -> None:
    hidden, weight, bias = draw(B, T, N, WIDTH, seed=0), draw(OUT, WIDTH, seed=1), draw(OUT, seed=2)
    kept = FLOAT * (hidden.numel() + weight.numel())
    assert saved(gelu_linear(hidden, weight, bias)) == kept


def test_a_large_layer_of_a_gelu_is_the_same_numbers() -> None:
    """Its products are oneDNN's then, and the GELU's gradient is written over one of them."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, 64, 1088, generator=generator).requires_grad_()
    weight = torch.randn(1024, 1088, generator=generator).requires_grad_()
    bias = torch.randn(1024, generator=generator).requires_grad_()
    inputs = (hidden, weight, bias)
    one, two = gelu_linear(*inputs), plain_linear(*inputs)
    pull = torch.randn(one.shape, generator=generator)
    for a, b in zip(
        (one, *torch.autograd.grad(one, inputs, pull)),
        (two, *torch.autograd.grad(two, inputs, pull)),
        strict=True,
    ):
        assert (a - b).abs().max() < 1e-5 * b.abs().max()
