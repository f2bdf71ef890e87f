"""Attention on the meta device saves and costs what a fused kernel does."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

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
