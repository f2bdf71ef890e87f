import torch

from pvvae.metrics.fixed_order import order_of


def test_rows_are_sorted_by_their_first_difference():
    rows = torch.tensor([[1.0, 2.0], [0.0, 9.0], [1.0, -3.0]])
    assert rows[order_of(rows)].tolist() == [[0.0, 9.0], [1.0, -3.0], [1.0, 2.0]]


def test_the_order_of_coming_leaves_no_trace():
    rows = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    mixed = rows[torch.randperm(50, generator=torch.Generator().manual_seed(1))]
    assert torch.equal(rows[order_of(rows)], mixed[order_of(mixed)])
