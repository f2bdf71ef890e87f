"""The accelerators that a plan can be made for."""

from dataclasses import dataclass

from pvvae.errors import ConfigError

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
