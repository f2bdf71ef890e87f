"""FLOPs against a count by hand, bytes against tensors made by hand."""

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pvvae.planning.measure import flops_of, memory_of
from pvvae.planning.meta_attention import FusedAttention
from pvvae.planning.storages import SavedActivations

SIZE = (2, 4, 256, 32)


def inputs(device: str) -> list[Tensor]:
    return [torch.empty(SIZE, device=device).requires_grad_() for _ in range(3)]


@pytest.mark.parametrize("masked", [False, True])
def test_no_logits_are_saved(masked: bool) -> None:
    mask = torch.ones(2, 1, 1, 256, dtype=torch.bool, device="meta") if masked else None
    saved = SavedActivations([])
    with FusedAttention(), saved.counting():
        out = F.scaled_dot_product_attention(*inputs("meta"), attn_mask=mask)
    assert out.shape == SIZE
    one = out.numel() * 4
    assert 4 * one <= saved.bytes < 4.5 * one  # q, k, v, out; 256 x 256 logits would be 8 more


def test_other_devices_are_left_alone() -> None:
    q, k, v = (torch.rand(SIZE) for _ in range(3))
    with FusedAttention():
        inside = F.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(inside, F.scaled_dot_product_attention(q, k, v))


def work(network: nn.Linear, rows: int) -> Iterator[str]:
    x = torch.empty(rows, 8, device="meta")
    out = network(x).relu()
    yield "forward"
    out.sum().backward()
    yield "backward"


def linear() -> nn.Linear:
    return nn.Linear(8, 16, bias=False, device="meta")


def test_a_matrix_product_and_the_gradient_of_its_weight_cost_as_much() -> None:
    assert flops_of(lambda: work(linear(), 4)) == {
        "forward": 2 * 4 * 8 * 16,
        "backward": 2 * 4 * 8 * 16,  # the input wants no gradient
    }


def test_what_the_backward_pass_needs_is_counted_once_and_weights_are_not() -> None:
    network = linear()
    memory = memory_of(lambda: work(network, 4), [network])
    assert memory.saved == 4 * (4 * 8 + 4 * 16)  # the input, and the output of relu
    assert memory.peak >= memory.saved
    assert network.weight.grad is None


def test_bytes_are_a_straight_line_in_the_batch() -> None:
    network = linear()
    one, two, nine = (memory_of(lambda n=n: work(network, n), [network]) for n in (1, 2, 9))
    assert nine.saved == one.saved + 8 * (two.saved - one.saved)
