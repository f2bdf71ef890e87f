"""How much arithmetic a run does, against the peak of its accelerators."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from arch.interface import Network
from pvvae import distributed
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say

GB = 10**9


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a plan needs to know of one GPU."""

    name: str
    bf16_flops: float
    """Peak dense bf16 FLOP/s; data sheets print twice as much, "with sparsity"."""
    memory: int
    """Bytes as sold."""


DEVICES = {
    # NVIDIA H100 data sheet, SXM5: 1,979 TFLOPS bf16 with sparsity, 80 GB HBM3. NVIDIA publishes no
    # sheet of the H800 SXM; it is the same chip with less NVLink (400 GB/s) and fp64.
    "h800": Device(name="H800", bf16_flops=989.4e12, memory=80 * GB),
    # NVIDIA H100 data sheet, SXM5; 989.4 dense is printed in the Hopper architecture white paper.
    "h100": Device(name="H100", bf16_flops=989.4e12, memory=80 * GB),
    # NVIDIA H200 data sheet, SXM: 1,979 TFLOPS bf16 with sparsity, 141 GB HBM3e.
    "h200": Device(name="H200", bf16_flops=989.4e12, memory=141 * GB),
    # NVIDIA A100 data sheet, 80 GB SXM: 312 TFLOPS bf16 (624 with sparsity), 80 GB HBM2e.
    "a100": Device(name="A100 80GB", bf16_flops=312.0e12, memory=80 * GB),
}
"""By the word that chooses them."""

RESERVED = 0.08
"""Part of the memory that no tensor gets. Ours: CUDA's context, NCCL's buffers, the workspaces of
convolutions, and what the allocator loses to fragments."""


def device_named(word: str) -> Device:
    """The device that a user names.

    Raises:
        ConfigError: listing those known.
    """
    if word not in DEVICES:
        raise ConfigError(f"--device: no device is called {word!r}; known: {', '.join(DEVICES)}")
    return DEVICES[word]


def usable(device: Device) -> int:
    """Bytes for tensors."""
    return int(device.memory * (1.0 - RESERVED))


def say_attention(network: Network, *, dtype: torch.dtype, key: str = "backbone") -> None:
    """One line, if the network lets its user choose.

    Raises:
        ConfigError: if the kernel that was asked for cannot be had here.
    """
    try:
        line = network.attention_used(distributed.device(), dtype)
    except ValueError as error:
        raise ConfigError(f"{key}.{error}") from None
    if line is not None:
        say(line)


class SlotWork(NamedTuple):
    """What decides the FLOPs of one slot."""

    shape: tuple[int, int, int, int]
    """(B, T, H, W) of its clips; (B, t, h, w) of latents."""
    dropped: int = 0
    """Groups that the encoder is spared."""
    gan: bool = False
    """Whether the discriminator is at work."""
    forward_passes: int = 1
    """Forward passes: 2 if the slot is seen before its backward pass is due."""


CountFlops = Callable[[SlotWork], float]
"""FLOPs of one slot."""


class Work:
    """FLOPs of this process, counted when asked for and not while it works."""

    def __init__(self, count: CountFlops | None) -> None:
        """None counts nothing."""
        self._count = count
        self._done: Counter[SlotWork] = Counter()
        self._known: dict[SlotWork, float] = {}

    def add(self, slot: SlotWork) -> None:
        """One slot has been worked on."""
        if self._count is not None:
            self._done[slot] += 1

    def take(self) -> float:
        """FLOPs since the last call; 0 where nothing is counted."""
        done, self._done = self._done, Counter()
        return sum(number * self._flops(slot) for slot, number in done.items())

    def _flops(self, slot: SlotWork) -> float:
        if slot not in self._known:
            assert self._count is not None, "nothing is counted"
            self._known[slot] = self._count(slot)
        return self._known[slot]


def peak_flops(peak_tflops: float | None) -> float | None:
    """Peak FLOP/s of one process: what the config says, or its GPU's; None if neither is known."""
    if peak_tflops is not None:
        return peak_tflops * 1e12
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name().lower()  # such as "NVIDIA H100 80GB HBM3"
    return next((device.bf16_flops for word, device in DEVICES.items() if word in name), None)
