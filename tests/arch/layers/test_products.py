"""Large products by oneDNN, against PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from arch.layers.products import LARGE, linear

ONEDNN = "mkldnn::_linear_pointwise"
ROWS, IN, OUT = (2, 64), 1024, 1088
NEAR = 1e-5
"""Of the largest number, for sums of a thousand products in float32."""

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
    reason="this PyTorch was built without oneDNN",
)


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


def test_what_needs_no_gradient_gets_none() -> None:
    x, weight, bias = layer(ROWS)
    assert calls_of_onednn((x.detach(), weight, bias)) == 2


@pytest.mark.parametrize(
    ("rows", "dtype"),
    [((LARGE // (IN * OUT),), torch.float32), ((1,), torch.float32), (ROWS, torch.bfloat16)],
    ids=["few rows", "one row", "bfloat16"],
)
def test_others_are_pytorchs_own(rows: tuple[int, ...], dtype: torch.dtype) -> None:
    inputs = layer(rows, dtype)
    assert calls_of_onednn(inputs) == 0
    assert torch.equal(linear(*inputs), F.linear(*inputs))
