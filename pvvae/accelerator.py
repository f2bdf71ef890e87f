"""What DeepSpeed runs on, settled before it is imported."""

import ctypes
import os
import shutil

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""glibc's names (malloc.h) for mallopt."""
NEVER = 2**31 - 1
"""Bytes, as mallopt takes an int: no tensor on a CPU of ours is larger."""


VISIBLE = "CUDA_VISIBLE_DEVICES"
"""CUDA's: the GPUs that a process sees, as numbers, UUIDs or names of MIG instances."""
GIVEN = "PVVAE_VISIBLE_DEVICES"
"""What VISIBLE was when a command was started. DeepSpeed's launcher sets it to 0, 1, … for the
processes that it starts, whatever it was."""


def on_cpu() -> bool:
    """Whether there is no NVIDIA driver."""
    return shutil.which("nvidia-smi") is None


def given_devices() -> dict[str, str]:
    """For a launcher's environment, so that its processes see the GPUs that this one sees."""
    return {GIVEN: os.environ[VISIBLE]} if VISIBLE in os.environ else {}


def settle_accelerator() -> None:
    """Choose the CPU where there is no NVIDIA driver; DeepSpeed would too, with a warning.

    A process that a launcher started sees the GPUs that ``given_devices`` told of: the one of
    local rank r is the r-th of them.
    """
    if GIVEN in os.environ and "LOCAL_RANK" in os.environ:
        os.environ[VISIBLE] = os.environ[GIVEN]
    if on_cpu():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")


def keep_freed_memory() -> None:
    """Let a process keep what its tensors free, where the C library is glibc; for the CPU alone.

    Left to itself it gives large pieces back to the system, which clears them again, page by page,
    at the next step: some hundredths of the time of tiny steps (docs/performance.md). On a GPU
    torch's own allocator does the same.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library: slower, and nothing else
        return
    mallopt(M_TRIM_THRESHOLD, NEVER)
    mallopt(M_MMAP_THRESHOLD, NEVER)
