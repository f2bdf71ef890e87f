"""What a process keeps of the memory that tensors free."""

import ctypes
import subprocess
import sys

import pytest

PAGES = """
import resource, torch
from pvvae.accelerator import keep_freed_memory
if {keep}: keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(2**24).add_(1.0)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
for _ in range(12): faults()
print(sum(faults() for _ in range(4)))
"""
GLIBC = hasattr(ctypes.CDLL(None), "mallopt")


def pages(*, keep: bool) -> int:
    """Pages that the system clears for four tensors of 64 MiB, once others were freed."""
    words = [sys.executable, "-c", PAGES.format(keep=keep)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not GLIBC, reason="another C library knows no mallopt")
def test_freed_memory_is_used_again() -> None:
    assert pages(keep=True) < 100
    assert pages(keep=False) > 100
