"""What DeepSpeed runs on, settled before it is imported."""

import os
import shutil


def settle_accelerator() -> None:
    """Choose the CPU where there is no NVIDIA driver; DeepSpeed would too, with a warning."""
    if shutil.which("nvidia-smi") is None:
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
