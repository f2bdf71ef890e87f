"""I3D's features of real clips, measured once for all runs that name a folder for them.

Methods are compared against the same real clips, and I3D is most of an evaluation's time. A file is
found by the clip's pixels and by what moves a feature in its last bits: weights, frames seen, and
the kernels of this machine.
"""

import hashlib
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pvvae.files import write_atomic
from pvvae.metrics.fvd import FVD
from pvvae.metrics.weight_catalog import I3D_KINETICS

KEY = "features"
VERSION = 1
"""Version of what I3D and its preprocessing compute here; raised when any bit of it changes."""


class KnownFeatures:
    """A folder with a file for each clip, whole or absent; any number of runs may share it."""

    def __init__(self, videos: FVD, *, folder: Path | None, device: torch.device) -> None:
        """Args:
        videos: measures what is not there.
        folder: made with its first file; None keeps nothing.
        device: that I3D runs on.
        """
        self._videos, self._folder = videos, folder
        how = (VERSION, I3D_KINETICS.sha256, videos.rule, torch.__version__, *_kernels(device))
        self._how = " ".join(map(str, how))

    def of(self, clip: Tensor) -> Tensor:
        """Features (1, 400) of a clip (1, T, H, W, 3), uint8, on the CPU.

        Raises:
            ConfigError: for clips that I3D cannot see, or if the disk is full.
        """
        if self._folder is None:
            return self._videos.features_of(clip)
        path = self._folder / f"{self._digest(clip)}.safetensors"
        try:
            return load_file(path)[KEY]
        except (OSError, SafetensorError):  # absent or damaged: made anew
            features = self._videos.features_of(clip)
            save = partial(save_file, {KEY: features.contiguous()})
            write_atomic(path, save, shared=True)
            return features

    def _digest(self, clip: Tensor) -> str:
        what = f"{self._how} {tuple(clip.shape)}".encode()
        return hashlib.sha256(what + clip.numpy().tobytes()).hexdigest()


def _kernels(device: torch.device) -> tuple[object, ...]:
    """What decides in which order a device adds."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(), torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return device.type, torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
