"""Videos of any length and size through a VAE that takes clips of 1 + n * stride frames."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pvvae import distributed
from pvvae.data.clips import to_pixels, to_uint8
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE

Frames = NDArray[np.uint8]
"""(T, H, W, 3)."""


def windows(frames: Iterable[Frames], length: int) -> Iterator[Frames]:
    """Consecutive clips of ``length`` frames (H, W, 3) each; the last one has what is left."""
    rest = iter(frames)
    while clip := list(islice(rest, length)):
        yield np.stack(clip)


@torch.inference_mode()
def through(vae: PredictiveVAE, clip: Frames, *, dropped: int = 0) -> Frames:
    """A clip of any length and size, as ``vae`` gives it back, at its own length and size.

    Args:
        vae: on :func:`pvvae.distributed.device`.
        clip: uint8 (T, H, W, 3).
        dropped: groups withheld from the encoder.
    """
    frames, height, width, _ = clip.shape
    x = fill(vae, to_pixels(clip).to(distributed.device()))
    recon = vae(x, dropped)[0]
    whole: Frames = to_uint8(recon[:, :, :frames, :height, :width])[0]
    return whole


def fill(vae: PredictiveVAE, x: Tensor) -> Tensor:
    """``x`` (1, C, T, H, W) with its last frame, row and column repeated to what the VAE takes."""
    stride = vae.backbone.stride
    _, _, frames, height, width = x.shape
    short = (-width % stride.space, -height % stride.space, -(frames - 1) % stride.time)
    return F.pad(x, (0, short[0], 0, short[1], 0, short[2]), mode="replicate")


def unit(clip: Frames) -> Tensor:
    """uint8 (T, H, W, 3) as pixels (1, 3, T, H, W) in [0, 1], as the metrics want them."""
    return to_pixels(clip).clamp(-1, 1).add(1).div(2)


def valid_length(vae: PredictiveVAE, frames: int, where: str) -> int:
    """Number of groups in a clip of ``frames`` frames.

    Raises:
        ConfigError: naming ``where`` and the nearest lengths, if there is no such clip.
    """
    try:
        return vae.backbone.latent_frames(frames)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
