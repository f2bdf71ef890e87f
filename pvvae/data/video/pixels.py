"""Frames of 8 bits to pixels in [-1, 1] and back, and crops."""

import hashlib
from collections.abc import Iterable

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from pvvae.data.video.frames import crop_resize
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError


def clip_digest(clip: Frames) -> str:
    """sha256 of pixels (T, H, W, 3), uint8, in this order; the shape is not in it."""
    return hashlib.sha256(np.ascontiguousarray(clip).data).hexdigest()


def set_digest(clips: Iterable[str]) -> str:
    """One for the digests of all clips, whatever their order."""
    return hashlib.sha256("".join(sorted(clips)).encode()).hexdigest()


def to_pixels(clips: Tensor | NDArray[np.uint8]) -> Tensor:
    """uint8 (B, T, H, W, 3), or one clip without B, to float32 (B, 3, T, H, W) in [-1, 1]."""
    clips = torch.as_tensor(clips)
    clips = clips if clips.ndim == 5 else clips[None]
    return rearrange(clips, "b t h w c -> b c t h w").float().div_(127.5).sub_(1.0).contiguous()


def to_uint8(x: Tensor) -> NDArray[np.uint8]:
    """Pixels (B, 3, T, H, W) to uint8 (B, T, H, W, 3), rounded and clamped: inverts to_pixels."""
    scaled = x.detach().float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(rearrange(scaled, "b c t h w -> b t h w c").cpu().numpy())


def in_8_bits(x: Tensor) -> Tensor:
    """Pixels in [-1, 1] as a video holds them: to_pixels of to_uint8, without leaving the device.

    What is measured of a reconstruction is measured of this, so that a clip in memory and the same
    clip in a file have the same PSNR, SSIM and LPIPS. NaN stays NaN, for metrics to refuse.
    """
    levels = x.detach().float().add(1.0).mul(127.5).round().clamp(0, 255)
    return levels.div_(127.5).sub_(1.0)


def cropped(
    clip: Frames,
    *,
    height: int,
    width: int,
    scale: float = 1.0,
    left: float = 0.5,
    top: float = 0.5,
    where: str = "clip",
) -> Frames:
    """A part of (T, H, W, 3) of the shape height : width, at that size; the centre by default.

    Args:
        scale: side of the part, relative to the largest that fits; no smaller than the result.
        left: 0 is the left edge, 1 the right one; ``top`` likewise.

    Raises:
        ConfigError: if it would have to be enlarged.
    """
    rows, columns = clip.shape[1:3]
    if rows < height or columns < width:
        raise ConfigError(
            f"{where} is {rows} x {columns}, but {height} x {width} is needed; "
            f"pack again with --short-side {max(height, width)}"
        )
    ratio = min(rows / height, columns / width)  # of the largest part that fits
    ratio = max(ratio * scale, 1.0)
    x, y = left * (columns - width * ratio), top * (rows - height * ratio)
    box = (x, y, x + width * ratio, y + height * ratio)
    return crop_resize(clip, box=box, height=height, width=width)
