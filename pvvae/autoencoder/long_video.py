"""Videos of any length and size through a VAE that takes clips of 1 + n * stride frames."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from arch.interface import Past, Posterior, Stream
from pvvae import distributed
from pvvae.autoencoder.tiling import Tiles, Tiling
from pvvae.data.clips import to_pixels, to_uint8
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE

Frames = NDArray[np.uint8]
"""(T, H, W, 3)."""


class Rebuilder:
    """Sends a video through a VAE chunk by chunk, in memory that does not grow with its length.

    A backbone that streams gives what it would give for the whole video at once. Any other one
    rebuilds clip by clip, each knowing nothing of the last.
    """

    def __init__(self, vae: PredictiveVAE, *, frames: int, tiling: Tiling | None) -> None:
        """Take ``frames`` = 1 + n * stride frames at a time.

        Args:
            vae: on :func:`pvvae.distributed.device`.
            frames: of a clip; a stream takes one less after its first chunk.
            tiling: how pictures are cut; None leaves them whole.
        """
        self._vae, self._frames, self._tiling = vae, frames, tiling
        self._pasts: dict[int, tuple[Past, Past]] = {}

    def rebuild(self, video: Iterable[Frames]) -> Iterator[tuple[Frames, Frames]]:
        """Chunks (T, H, W, 3) of a video's frames (H, W, 3), each with what became of it."""
        self._pasts = {}
        later = self._frames - 1 if self._streams else self._frames
        for clip in windows(video, self._frames, later):
            yield clip, self._chunk(clip)

    @property
    def _streams(self) -> bool:
        # A single frame at a time cannot go on as a stream of groups.
        return self._vae.backbone.streams and self._frames > 1

    @torch.inference_mode()
    def _chunk(self, clip: Frames) -> Frames:
        frames, height, width, _ = clip.shape
        x = to_pixels(clip).to(distributed.device())
        x = fill(self._vae, x, first=not self._pasts)
        if self._tiling is None:
            recon = self._tile(x, 0)
        else:
            size = (x.shape[3], x.shape[4])
            tiles = Tiles(*size, self._tiling, stride=self._vae.backbone.stride.space)
            recon = tiles.blend([self._tile(tile, i) for i, tile in enumerate(tiles.split(x))])
        whole: Frames = to_uint8(recon[:, :, :frames, :height, :width])[0]
        return whole

    def _tile(self, x: Tensor, index: int) -> Tensor:
        """One tile of a chunk, which goes on where the same tile of the last chunk ended."""
        if not self._streams:
            recon: Tensor = self._vae(x)[0]
            return recon
        encoder, decoder = self._vae.backbone.encoder, self._vae.backbone.decoder
        assert isinstance(encoder, Stream)
        assert isinstance(decoder, Stream)
        seen, known = self._pasts.get(index, (None, None))
        moments, seen = encoder.stream(x, seen)
        recon, known = decoder.stream(Posterior.from_moments(moments).mean, known)
        self._pasts[index] = seen, known
        return recon


def windows(frames: Iterable[Frames], first: int, later: int) -> Iterator[Frames]:
    """Consecutive clips of frames (H, W, 3), ``first``, then ``later``; the last has the rest."""
    rest = iter(frames)
    length = first
    while clip := list(islice(rest, length)):
        yield np.stack(clip)
        length = later


@torch.inference_mode()
def through(vae: PredictiveVAE, clip: Frames, *, dropped: int = 0, seed: int = 0) -> Frames:
    """A clip of any length and size, as ``vae`` gives it back, at its own length and size.

    Args:
        vae: on :func:`pvvae.distributed.device`.
        clip: uint8 (T, H, W, 3).
        dropped: groups withheld from the encoder.
        seed: of a Gaussian pad's noise.
    """
    frames, height, width, _ = clip.shape
    x = fill(vae, to_pixels(clip).to(distributed.device()))
    recon = vae(x, dropped, pad_noise=vae.draw_pad(x, seed=seed, clips=[0]))[0]
    whole: Frames = to_uint8(recon[:, :, :frames, :height, :width])[0]
    return whole


def fill(vae: PredictiveVAE, x: Tensor, *, first: bool = True) -> Tensor:
    """``x`` (1, C, T, H, W) with its last frame, row and column repeated to what the VAE takes.

    ``first``: whether the video begins here, with a frame that is a group of its own.
    """
    stride = vae.backbone.stride
    _, _, frames, height, width = x.shape
    grouped = frames - 1 if first else frames
    short = (-width % stride.space, -height % stride.space, -grouped % stride.time)
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
