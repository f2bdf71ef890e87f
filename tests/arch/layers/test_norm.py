"""The norm of one position."""

import torch

from arch.layers.norm import ChannelRMSNorm


def test_every_position_has_unit_root_mean_square() -> None:
    x = 7 * torch.randn(2, 8, 3, 4, 5)
    torch.testing.assert_close(ChannelRMSNorm(8)(x).square().mean(1), torch.ones(2, 3, 4, 5))


def test_a_silent_position_stays_silent() -> None:
    assert torch.equal(ChannelRMSNorm(8)(torch.zeros(1, 8, 2, 2, 2)), torch.zeros(1, 8, 2, 2, 2))


def test_bfloat16_comes_out_as_bfloat16() -> None:
    norm = ChannelRMSNorm(8).to(torch.bfloat16)
    assert norm(torch.randn(1, 8, 2, 2, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16
