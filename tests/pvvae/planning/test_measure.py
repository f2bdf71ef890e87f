"""FLOPs against a count by hand, bytes against tensors made by hand."""

from collections.abc import Iterator

import torch
from torch import nn

from pvvae.planning.measure import flops_of, memory_of


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
