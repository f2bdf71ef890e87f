"""Several sizes in one row."""

import torch

from arch.layers.trunk import pack, unpack


def test_what_is_packed_comes_out_again_without_padding() -> None:
    batches = [torch.randn(2, 3, 2, 1, 4), torch.randn(1, 1, 2, 2, 4)]
    row = pack(batches)
    assert row.shape == (1, 2 * 3 * 2 + 4, 4)
    for one, two in zip(unpack(row, batches), batches, strict=True):
        assert torch.equal(one, two)
