"""Attention kernels at the head sizes and masks of the networks: right, and how fast."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from arch.layers.attention import IntervalMask, Mask, PrefixMask
from arch.layers.attention.call import call_of
from arch.layers.attention.kernels import KERNELS, Kernel
from launchers.doctor.figure import Figure
from pvvae.doctor.attention import COMPILED, TOLERANCES, error

HEADS = (64, 72, 128)
"""Widths of a head: of vit (Table 7), of Latte-XL (16 heads in 1152), of Wan's decoder."""
MANY = 65_536
"""Sequences: one more than CUDA allows blocks along the second axis of a grid."""
GROUPS = (5, 17)
"""Latent frames of 17 and 65 frames at a stride of four."""
ROUNDS = 5


def kernels() -> Iterator[Figure]:
    """Each kernel that can take a call, for every head and mask, values and gradients."""
    device, dtype = _here()
    for name, kernel in _usable(device):
        for width in HEADS:
            inputs = _inputs(2, 3, 12, width, device=device, dtype=dtype)
            if kernel.obstacle(call_of(*inputs)):
                continue
            for mask, sight in _masks(device).items():
                yield Figure(
                    name=f"{name}, {width} wide, {mask}:",
                    value=error(kernel, inputs, sight),
                    most=TOLERANCES[dtype],
                )


def many_sequences() -> Iterator[Figure]:
    """Latte's attention in time: a sequence for each place, a token for each group."""
    device, dtype = _here()
    inputs = _inputs(MANY, 1, 5, 8 if device == "cpu" else 72, device=device, dtype=dtype)
    for name, kernel in _usable(device):
        if name != COMPILED and not kernel.obstacle(call_of(*inputs)):
            found = error(kernel, inputs, None)
            yield Figure(name=f"{name}, {MANY:,} sequences:", value=found, most=TOLERANCES[dtype])


def block_causal() -> Iterator[Figure]:
    """Milliseconds of a forward pass, by kernel and number of groups; tiny without a GPU."""
    device, dtype = _here()
    size = 16 if device == "cpu" else 256
    for groups in GROUPS:
        sight = IntervalMask.block_causal(groups, size=size, window=None)
        inputs = _inputs(1, 4, groups * size, 64, device=device, dtype=dtype)
        for name, kernel in _usable(device):
            if not kernel.obstacle(call_of(*inputs)):
                spent = _milliseconds(kernel, inputs, sight)
                yield Figure(name=f"{name}, {groups} groups of {size}:", value=spent, unit="ms")


def _usable(device: str) -> Iterator[tuple[str, Kernel]]:
    """On a CPU flex is compiled for each mask and size, which takes minutes and tells nothing."""
    for name, kernel in KERNELS.items():
        if device == "cuda" or name != COMPILED:
            yield name, kernel


def _here() -> tuple[str, torch.dtype]:
    return ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)


def _masks(device: str) -> dict[str, Mask]:
    """What queries may see, in the ways that networks ask for, for 2 clips of 12 tokens."""
    return {
        "all": None,
        "observed": PrefixMask.of(torch.tensor([4, 12], device=device), keys=12),
        "block causal": IntervalMask.block_causal(3, size=4, window=None),
        "window": IntervalMask.block_causal(3, size=4, window=2),
    }


def _inputs(
    batch: int, heads: int, tokens: int, width: int, *, device: str, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (B, heads, N, D) that want gradients."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (
        torch.randn(batch, heads, tokens, width, generator=generator)
        .to(device, dtype)
        .requires_grad_()
        for _ in range(3)
    )
    return q, k, v


def _milliseconds(kernel: Kernel, inputs: tuple[Tensor, Tensor, Tensor], sight: Mask) -> float:
    """The fastest of some passes, after one that is not counted."""
    spent = []
    with torch.no_grad():
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            kernel(*inputs, sight)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            spent.append(time.perf_counter() - began)
    return 1000.0 * min(spent[1:])
