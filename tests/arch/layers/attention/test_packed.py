"""What packages are given: functions of their published signatures, computed by the textbook.

They show that layouts and lengths are right; that kernels compute is checked on GPUs.
"""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import Tensor

from arch.layers.attention import optional
from arch.layers.attention.flash import FLASH2, FLASH3, FLASH4, FlashKernel
from arch.layers.attention.xformers import BIASES, EfficientKernel
from tests.arch.layers.attention.masks import SIGHTS, by_hand, dense, qkv


class TextbookFlash(ModuleType):
    """``(tokens, heads, D)`` packed; lengths as running sums in int32."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[str] = []

    def flash_attn_func(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.calls.append("plain")
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        return by_hand(q, k, v, torch.ones(()).bool()).transpose(1, 2)

    def flash_attn_varlen_func(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        cu_seqlens_q: Tensor,
        cu_seqlens_k: Tensor,
        max_seqlen_q: int | None = None,
        max_seqlen_k: int | None = None,
    ) -> tuple[Tensor, None]:
        self.calls.append("packed")
        assert cu_seqlens_q.dtype == cu_seqlens_k.dtype == torch.int32
        queries, keys = cu_seqlens_q.diff().tolist(), cu_seqlens_k.diff().tolist()
        assert (max_seqlen_q, max_seqlen_k) in ((None, None), (max(queries), max(keys)))
        parts = zip(q.split(queries), k.split(keys), v.split(keys), strict=True)
        return torch.cat([self.flash_attn_func(*(x[None] for x in p))[0] for p in parts]), None


@pytest.fixture
def textbook(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, TextbookFlash]]:
    modules = {k.module: TextbookFlash(k.module) for k in (FLASH2, FLASH3, FLASH4)}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    optional.module_or_none.cache_clear()
    yield modules
    optional.module_or_none.cache_clear()


@pytest.mark.parametrize("kernel", [FLASH2, FLASH3, FLASH4], ids=lambda kernel: kernel.module)
@pytest.mark.parametrize("name", SIGHTS)
def test_flash_is_given_what_each_query_sees(
    kernel: FlashKernel, name: str, textbook: dict[str, TextbookFlash]
) -> None:
    q, k, v = qkv(name)
    out = kernel(q, k, v, SIGHTS[name])
    torch.testing.assert_close(out, by_hand(q, k, v, dense(name)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "calls"), [("all", 0), ("observed", 1), ("packed", 1), ("block_causal", 0)]
)
def test_what_several_clips_see_is_one_packed_call(
    name: str, calls: int, textbook: dict[str, TextbookFlash]
) -> None:
    FLASH3(*qkv(name), SIGHTS[name])
    assert textbook[FLASH3.module].calls.count("packed") == calls


class Textbookxformers(ModuleType):
    """``memory_efficient_attention`` of (B, N, heads, D), its masks written out."""

    @staticmethod
    def memory_efficient_attention(
        q: Tensor, k: Tensor, v: Tensor, attn_bias: object = None
    ) -> Tensor:
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        mask = torch.ones(q.shape[2], k.shape[2]).bool()
        if attn_bias is not None:
            mask = attn_bias.materialize(mask.shape) == 0  # type: ignore[attr-defined]
        return by_hand(q, k, v, mask).transpose(1, 2)


@pytest.mark.parametrize("name", SIGHTS)
def test_xformers_masks_hide_what_is_not_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(BIASES, reason="xformers, whose own masks these are, is not installed")
    monkeypatch.setitem(sys.modules, "xformers.ops", Textbookxformers("xformers.ops"))
    optional.module_or_none.cache_clear()
    q, k, v = qkv(name)
    out = EfficientKernel()(q, k, v, SIGHTS[name])
    optional.module_or_none.cache_clear()
    torch.testing.assert_close(out, by_hand(q, k, v, dense(name)), rtol=1e-5, atol=1e-6)
