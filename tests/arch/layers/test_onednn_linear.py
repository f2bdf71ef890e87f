"""Large products by oneDNN, against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from arch.layers.onednn_linear import LARGE, linear

ONEDNN = "mkldnn::_linear_pointwise"
ROWS, IN, OUT = (2, 64), 1024, 1088
NEAR = 1e-5
"""Of the largest number, for sums of a thousand products in float32."""


def draw(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).to(dtype).requires_grad_()


def layer(rows: tuple[int, ...], dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    return (
        draw(*rows, IN, seed=0, dtype=dtype),
        draw(OUT, IN, seed=1, dtype=dtype),
        draw(OUT, seed=2, dtype=dtype),
    )


def near(one: Tensor, two: Tensor) -> bool:
    return bool((one - two).abs().max() <= NEAR * two.abs().max())


def calls_of_onednn(inputs: tuple[Tensor, ...]) -> int:
    """In a forward and a backward pass."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        linear(*inputs).sum().backward()
    return sum(event.count for event in profiler.key_averages() if event.key == ONEDNN)


def test_a_large_layer_and_its_gradients_are_the_same_numbers() -> None:
    inputs = layer(ROWS)
    one, two = linear(*inputs), F.linear(*inputs)
    assert one.shape == (*ROWS, OUT)
    assert near(one, two)
    pull = draw(*one.shape, seed=3).detach()
    for a, b in zip(
        torch.autograd.grad(one, inputs, pull), torch.autograd.grad(two, inputs, pull), strict=True
    ):
        assert a.shape == b.shape
        assert a.is_contiguous()
        assert near(a, b)


def test_all_three_products_of_a_large_layer_are_onednns() -> None:
    assert calls_of_onednn(layer(ROWS)) == 3


@pytest.mark.parametrize("axis", [0, 1], ids=["a part of the channels", "a part of the rows"])
def test_a_part_of_a_tensor_is_as_good_as_a_whole_one(axis: int) -> None:
    shape = [2 * ROWS[0] * ROWS[1], 2 * IN]
    whole, (_, weight, bias) = draw(*shape, seed=0), layer(ROWS)
    x = whole[::2, :IN] if axis else whole[: shape[0] // 2, 5 : 5 + IN]
    inputs = (whole, weight, bias)
    assert not x.is_contiguous()
    one, two = linear(x, weight, bias), F.linear(x, weight, bias)
    assert near(one, two)
    for a, b in zip(
        torch.autograd.grad(one.sum(), inputs), torch.autograd.grad(two.sum(), inputs), strict=True
    ):
        assert near(a, b)


def test_what_needs_no_gradient_gets_none() -> None:
    x, weight, bias = layer(ROWS)
    assert calls_of_onednn((x.detach(), weight, bias)) == 2
    assert calls_of_onednn((x, weight.detach(), bias)) == 2


def test_a_gradient_of_a_gradient_is_refused_not_zero() -> None:
    inputs = layer(ROWS)
    (pull,) = torch.autograd.grad(linear(*inputs).pow(2).sum(), inputs[0], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        pull.sum().backward()


def test_one_row_without_a_batch_is_a_row() -> None:
    x, weight, bias = layer(())
    assert linear(x, weight, bias).shape == (OUT,)


@pytest.mark.parametrize(
    ("rows", "dtype"),
    [((LARGE // (IN * OUT),), torch.float32), ((1,), torch.float32), (ROWS, torch.bfloat16)],
    ids=["few rows", "one row", "bfloat16"],
)
def test_others_are_pytorchs_own(rows: tuple[int, ...], dtype: torch.dtype) -> None:
    inputs = layer(rows, dtype)
    assert calls_of_onednn(inputs) == 0
    assert torch.equal(linear(*inputs), F.linear(*inputs))
