"""C3D fine-tuned on UCF101, whose classes Inception Scores of videos count.

Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks" (2015), Figure 3, as
TGANv2 feeds it (Saito et al., 2020; C3DVersion1UCF101). Weights and mean cube are TGANv2's two
files. PyTorch ports pad the last pooling instead of letting it reach over the edge, and give other
logits. Inference only.
"""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from pvvae.config.reading import file_digest
from pvvae.errors import ConfigError
from pvvae.metrics import inception_score
from pvvae.metrics.weight_catalog import C3D_MEAN, C3D_UCF101

NUM_FRAMES = 16
"""What it was trained on; of longer clips it sees the first."""

_SIDE = 112
"""Pixels a side of its input."""

_MARGIN = 8
"""Where TGANv2 cuts the input's square out of the mean cube of 128 x 171 pixels."""

_CONVOLUTIONS: tuple[tuple[str, ...], ...] = (
    ("conv1a",),
    ("conv2a",),
    ("conv3a", "conv3b"),
    ("conv4a", "conv4b"),
    ("conv5a", "conv5b"),
)
"""Between poolings; all 3x3x3."""

_HEADS = ("fc6", "fc7", "fc8")


class C3D(nn.Module):
    """Clips to 101 logits each. Every width is as the file has it."""

    def __init__(self, *, file: Path | None = None, mean: Path | None = None) -> None:
        """Load TGANv2's two files, from the cache unless they are named.

        Raises:
            ConfigError: for files that are missing, no npz of arrays, or another network's.
        """
        super().__init__()
        weights, cube = C3D_UCF101.named_or_found(file), C3D_MEAN.named_or_found(mean)
        arrays, averages = _arrays(weights), _arrays(cube)
        for name in (*(name for stage in _CONVOLUTIONS for name in stage), *_HEADS):
            self.register_buffer(f"{name}_weight", _taken(arrays, f"{name}/W", weights))
            self.register_buffer(f"{name}_bias", _taken(arrays, f"{name}/b", weights))
        _check_widths(arrays, weights)
        self.register_buffer("shift", 128.0 - _square(_taken(averages, "mean", cube), cube))
        self.shift: Tensor
        digests = {"c3d_ucf101": file_digest(weights), "c3d_mean": file_digest(cube)}
        self.classifier = replace(inception_score.C3D_UCF101, weights=digests)
        """For ``InceptionScore``; no digest is published to hold these against."""
        self.eval()

    @torch.inference_mode()
    def forward(self, clips: Tensor) -> Tensor:
        """Logits (N, K), float32, of clips (N, T, H, W, 3), uint8, of their first 16 frames.

        One clip at a time, in float32 without TF32: the same bits in batches of any size.

        Raises:
            ConfigError: if the clips are not uint8, not RGB or shorter than 16 frames.
        """
        _check(clips)
        device = self.shift.device
        ieee = torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False)
        with torch.autocast(device.type, enabled=False), ieee:
            return torch.cat([self._logits(clip.to(device)) for clip in torch.split(clips, 1)])

    def _logits(self, clip: Tensor) -> Tensor:
        x = preprocess(clip[:, :NUM_FRAMES]) + self.shift
        for index, stage in enumerate(_CONVOLUTIONS):
            for name in stage:
                x = self._convolved(x, name, padding=1).relu()
            # Chainer's poolings cover the edge: 7 x 7 becomes 4 x 4. The first leaves time alone.
            x = F.max_pool3d(x, (1, 2, 2) if index == 0 else 2, ceil_mode=True)
        # Dense layers as convolutions that cover their input, under the same rule of precision.
        x = self._convolved(x, "fc6").relu()
        x = self._convolved(x, "fc7").relu()
        return self._convolved(x, "fc8").flatten(1)

    def _convolved(self, x: Tensor, name: str, *, padding: int = 0) -> Tensor:
        weight = self.get_buffer(f"{name}_weight")
        if weight.dim() == 2:
            weight = weight.view(weight.shape[0], *x.shape[1:])
        return F.conv3d(x, weight, self.get_buffer(f"{name}_bias"), padding=padding)


def preprocess(clips: Tensor) -> Tensor:
    """(N, T, H, W, 3), uint8, to (N, 3, T, 112, 112): BGR times 128, corners on corners."""
    x = clips.flip(-1).float() / 127.5 - 1.0
    frames = rearrange(x * 128.0, "n t h w c -> (n t) c h w")
    frames = F.interpolate(frames, size=(_SIDE, _SIDE), mode="bilinear", align_corners=True)
    resized: Tensor = rearrange(frames, "(n t) c h w -> n c t h w", n=len(clips))
    return resized


def _check(clips: Tensor) -> None:
    if clips.dim() != 5 or clips.shape[-1] != 3 or clips.dtype != torch.uint8:
        raise ConfigError(
            f"clips must be (N, T, H, W, 3), uint8, got {tuple(clips.shape)}, {clips.dtype}"
        )
    if clips.shape[1] < NUM_FRAMES:
        raise ConfigError(f"C3D needs at least {NUM_FRAMES} frames, got {clips.shape[1]}")


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz; objects, which only a pickle could hold, are refused."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: not an npz of plain arrays ({error})") from error


def _taken(arrays: dict[str, np.ndarray], name: str, path: Path) -> Tensor:
    if name not in arrays:
        raise ConfigError(f"{path}: has no array {name!r}; it should be a file of TGANv2's release")
    return torch.from_numpy(arrays[name].astype(np.float32))


def _check_widths(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Refuse kernels that do not follow one another."""
    wide = 3
    for name in (name for stage in _CONVOLUTIONS for name in stage):
        shape = arrays[f"{name}/W"].shape
        if shape[1:] != (wide, 3, 3, 3):
            raise ConfigError(f"{path}: {name}/W should be (K, {wide}, 3, 3, 3), is {shape}")
        wide = shape[0]
    wide *= 4 * 4  # cells of the last pooling: 112 pixels halved five times, edges covered
    for name in _HEADS:
        shape = arrays[f"{name}/W"].shape
        if shape[1:] != (wide,):
            raise ConfigError(f"{path}: {name}/W should be (K, {wide}), is {shape}")
        wide = shape[0]


def _square(mean: Tensor, path: Path) -> Tensor:
    """(3, 16, 112, 112) out of the mean cube (3, 16, 128, 171)."""
    if mean.shape[-3:] != (NUM_FRAMES, 128, 171):
        raise ConfigError(f"{path}: mean must be (3, 16, 128, 171), got {tuple(mean.shape)}")
    part = slice(_MARGIN, _MARGIN + _SIDE)
    return mean.reshape(3, NUM_FRAMES, 128, 171)[:, :, part, part]
