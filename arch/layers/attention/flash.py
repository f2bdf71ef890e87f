"""The flash-attn packages: version 2, version 3 for Hopper, and version 4 in CuTe."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from arch.layers.attention.call import Call
from arch.layers.attention.optional import importable, module_or_none
from arch.layers.attention.packed import PackedKernel


@dataclass(frozen=True, kw_only=True)
class FlashKernel(PackedKernel):
    """One version. All compute in half precision."""

    module: str
    install: str
    """What a user installs."""

    forward_on: tuple[int, ...]
    """Major compute capabilities."""

    backward_on: tuple[int, ...]
    largest_head: int
    names_longest: bool
    """Whether packed sequences need the longest length besides all of them."""

    def obstacle(self, call: Call) -> str | None:
        majors = self.backward_on if call.learns else self.forward_on
        if call.capability is None or call.capability[0] not in majors:
            needed = " or ".join(f"{major}.x" for major in majors)
            found = call.device
            if call.capability is not None:
                found = "{}.{}".format(*call.capability)
            return f"needs a GPU of compute capability {needed}, this is {found}"
        if call.dtype not in (torch.float16, torch.bfloat16):
            return f"needs bfloat16 or float16, got {call.dtype}".replace("torch.", "")
        if call.head_dim % 8 or call.head_dim > self.largest_head:
            limits = f"a multiple of 8 up to {self.largest_head}"
            return f"needs heads of {limits} channels, got {call.head_dim}"
        return None if importable(self.module) else f"cannot be imported; install {self.install}"

    def plain(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return _output(self._functions().flash_attn_func(q, k, v))

    def packed(
        self, q: Tensor, k: Tensor, v: Tensor, *, queries: list[int], keys: list[int]
    ) -> Tensor:
        ends = {"cu_seqlens_q": _ends(queries, q), "cu_seqlens_k": _ends(keys, q)}
        longest = {"max_seqlen_q": max(queries), "max_seqlen_k": max(keys)}
        more = longest if self.names_longest else {}
        return _output(self._functions().flash_attn_varlen_func(q, k, v, **ends, **more))

    def _functions(self) -> Any:
        found = module_or_none(self.module)
        assert found is not None  # an obstacle
        return found


FLASH2 = FlashKernel(
    module="flash_attn",
    install="flash-attn",
    forward_on=(8, 9, 10, 11, 12),  # its README: Ampere and newer
    backward_on=(8, 9, 10, 11, 12),
    largest_head=256,
    names_longest=True,
)
FLASH3 = FlashKernel(
    module="flash_attn_interface",
    install="flash-attn-3",
    forward_on=(9,),  # its README: "H100 / H800 GPU"
    backward_on=(9,),
    largest_head=256,
    names_longest=True,
)
FLASH4 = FlashKernel(
    module="flash_attn.cute",
    install="flash-attn-4",
    forward_on=(8, 9, 10, 11, 12),
    backward_on=(9, 10, 11, 12),  # of 4.0.0b36
    largest_head=128,  # "hdim 64, 96, 128"; later betas take 256 on some GPUs
    names_longest=False,  # it finds it itself (transformers#42404)
)


def _output(result: Any) -> Tensor:
    """Versions 3 and 4 return the output alone or before other things, as they were built."""
    out: Tensor = result[0] if isinstance(result, tuple) else result
    return out


def _ends(lengths: list[int], like: Tensor) -> Tensor:
    """Where packed sequences begin and end, as these kernels want it: (sequences + 1,) int32."""
    return torch.tensor([0, *lengths]).cumsum(0).to(like.device, torch.int32)
