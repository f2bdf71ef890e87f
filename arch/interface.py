"""What every network promises, and the letters for shapes.

Capitals are pixels, small letters latents: ``B`` batch, ``C`` pixel channels, ``T = 1 + n * p_t``
frames, ``H W`` pixels; ``c`` latent channels, ``t = 1 + n`` groups, ``h w`` latent cells. The paper
(section 3) writes ``1 + T`` for our ``T``. Pixels are in [-1, 1].

What the method needs of ``arch`` it imports from here and from the registry, nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from arch.interop.torchvision import import_torchvision as import_torchvision
from arch.interop.weights import check_finite as check_finite
from arch.interop.weights import check_fits as check_fits
from arch.interop.weights import read_tensors as read_tensors
from arch.latents import LatentFacts as LatentFacts
from arch.latents import Stride as Stride
from arch.layers.streaming import Past as Past
from arch.layers.streaming import Stream as Stream
from arch.layers.streaming import check_chunk as check_chunk
from arch.layers.token_group import TokenGroup as TokenGroup
from arch.ranges import Channels, Range


@dataclass(frozen=True)
class Posterior:
    """A diagonal Gaussian over latents; ``mean`` and ``logvar`` are (B, c, t, h, w)."""

    mean: Tensor
    logvar: Tensor

    @classmethod
    def from_moments(cls, moments: Tensor) -> "Posterior":
        """Split (B, 2c, t, h, w) into mean and log-variance.

        The log-variance is clamped to [-30, 20], the range every peer uses (Wan, CogVideoX).
        """
        mean, logvar = moments.chunk(2, dim=1)
        return cls(mean, logvar.clamp(-30.0, 20.0))

    def sample(self, noise: Tensor) -> Tensor:
        """Reparameterised sample from standard normal ``noise`` of the mean's shape."""
        return self.mean + torch.exp(0.5 * self.logvar) * noise


class Network(nn.Module):
    """What networks of all families promise."""

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """Modules that do most of the work between them, in the order of the forward pass.

        An engine may forget what is inside one and compute it again for the backward pass, or
        compile it by itself. So a segment is called as a whole, holds no other segment and not the
        head, and draws no random numbers. None unless a network says otherwise.
        """
        return ()

    def attention_used(self, device: torch.device, dtype: torch.dtype) -> str | None:
        """A line for the log: which kernel computes attention in training there, and why.

        None unless a network lets its user choose.

        Raises:
            ValueError: if the kernel that was asked for cannot.
        """
        return None


class Shareable(Network):
    """A network that may let several processes compute a clip together."""

    def check_sharing(self, processes: int) -> None:
        """Refuse a number of processes that cannot share a clip.

        Raises:
            ValueError: unless overridden, for any but one.
        """
        if processes > 1:
            raise ValueError(
                f"{type(self).__name__} cannot share a clip between {processes} processes; use 1"
            )

    def share(self, sequence: TokenGroup) -> None:
        """Compute with the part of the tokens that ``sequence`` leaves here, from now on.

        Inputs and outputs stay whole and are the same on all processes that share a clip. An
        override calls this method too.

        Raises:
            ValueError: as :meth:`check_sharing`.
        """
        self.check_sharing(sequence.processes)


@dataclass(frozen=True, kw_only=True)
class BackboneConfig(ABC):
    """Base of all backbone configs; the subclass adds the network's own sizes."""

    name: ClassVar[str]

    latent_channels: Channels
    """c, the channels of one latent cell (64 in the paper, section 3.1)."""

    def portable(self) -> "BackboneConfig":
        """This config with machine-specific choices, such as a kernel, reset to their defaults."""
        return self

    @abstractmethod
    def build(self) -> "Backbone":
        """The network, with fresh weights from torch's current generator."""

    def check_pretrained(self, folder: Path) -> None:
        """Refuse a folder whose weights could not be :meth:`pretrained`, before reading those.

        Raises:
            ValueError: unless overridden, and where the folder does not fit.
        """
        raise ValueError(
            f"{folder}: not a run folder, and {self.name} reads no weights of other projects"
        )

    def pretrained(self, folder: Path) -> dict[str, Tensor]:
        """Weights for :meth:`build`'s network, under its names, out of a folder that others wrote.

        Raises:
            ValueError: unless overridden, and where folder or weights do not fit.
        """
        raise ValueError(
            f"{folder}: not a run folder, and {self.name} reads no weights of other projects"
        )

    def export(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        """Write ``weights`` of :meth:`build`'s network as others read them.

        Raises:
            ValueError: unless overridden.
        """
        raise ValueError(f"{self.name} has no format of another project; use --format pretrained")


class Backbone(Shareable, ABC):
    """An encoder and a decoder with symmetric strides; the first frame is a group of its own."""

    stride: Stride
    latent_channels: Channels
    causal: bool
    """Whether a prefix of the clip encodes to the prefix of its latent, exactly."""
    encoder: nn.Module
    decoder: nn.Module
    """Every parameter of the backbone is in one of the two."""
    head: nn.Module
    """Last module of the decoder: linear in its own parameters, and in training mode its output
    *is* the reconstruction. The adaptive GAN weight differentiates through it alone."""

    @property
    def streams(self) -> bool:
        """Whether a clip may come in chunks, whose parts are then exactly those of the whole.

        ``encoder.stream`` takes pixels to moments (for :meth:`Posterior.from_moments`) and
        ``decoder.stream`` latents to pixels; see :class:`arch.layers.streaming.Stream`.
        """
        coders = (self.encoder, self.decoder)
        return self.causal and all(isinstance(coder, Stream) for coder in coders)

    @abstractmethod
    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group.

        Args:
            x: pixels (B, C, T, H, W) in [-1, 1].
            observed: (B,) number of leading groups of each clip that may be looked at. Groups
                beyond it come out undefined; the groups within it must not depend on them.
                None means all.
        """

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Pixels (B, C, T, H, W) from latents (B, c, t, h, w), T = 1 + (t - 1) * stride.time."""

    @property
    def latent_config(self) -> str:
        """``tTsScC``, as Table 1 has it: strides in time and space, latent channels."""
        return f"t{self.stride.time}s{self.stride.space}c{self.latent_channels}"

    def latent_frames(self, frames: int) -> int:
        """Number of groups G in a clip of ``frames`` frames (section 3.1).

        Raises:
            ValueError: if ``frames`` is not 1 + n * stride.time.
        """
        n, rest = divmod(frames - 1, self.stride.time)
        if frames < 1 or rest:
            low = 1 + max(n, 0) * self.stride.time
            raise ValueError(
                f"a clip must have 1 + n * {self.stride.time} frames, got {frames}; "
                f"nearest valid lengths: {low}, {low + self.stride.time}"
            )
        return 1 + n

    def check_size(self, height: int, width: int) -> None:
        """Refuse sizes that do not divide into latent cells.

        Raises:
            ValueError: naming the nearest sizes that do.
        """
        for what, size in (("height", height), ("width", width)):
            if size % self.stride.space or size < self.stride.space:
                low = max(size // self.stride.space, 1) * self.stride.space
                raise ValueError(
                    f"{what} must be a multiple of {self.stride.space}, got {size}; "
                    f"nearest valid sizes: {low}, {low + self.stride.space}"
                )


@dataclass(frozen=True, kw_only=True)
class PeerConfig(ABC):
    """Base of all peers: other people's VAEs, to compare ours with."""

    name: ClassVar[str]

    weights: str | None = None
    """Where its trained weights are; null is random, for speed alone."""

    def latents(self) -> LatentFacts | None:
        """Channels and stride of its latents before it is built; None where they are not known."""
        return None

    @abstractmethod
    def build(self) -> Backbone:
        """The network; ``encode`` and ``decode`` are all that is promised of it.

        Raises:
            ValueError: in one line, if network or weights cannot be had.
        """


@dataclass(frozen=True, kw_only=True)
class DenoiserConfig(ABC):
    """Base of all denoiser configs."""

    name: ClassVar[str]

    latent_channels: Channels
    """c of the latents it denoises."""

    num_classes: Annotated[int, Range(0, 1_000_000)]
    """Number of class labels; 0 is unconditional. The null label is ``num_classes``."""

    def portable(self) -> "DenoiserConfig":
        """This config with machine-specific choices, such as a kernel, reset to their defaults."""
        return self

    @abstractmethod
    def build(self) -> "Denoiser":
        """The network, with fresh weights from torch's current generator."""


class Denoiser(Shareable, ABC):
    """Predicts the velocity of a noisy latent (rectified flow, section 4.1)."""

    num_classes: Annotated[int, Range(0, 1_000_000)]

    @abstractmethod
    def forward(self, x: Tensor, time: Tensor, label: Tensor | None = None) -> Tensor:
        """Velocity (B, c, t, h, w) at ``x`` (B, c, t, h, w).

        Args:
            x: noisy latents.
            time: (B,) in [0, 1], 1 is pure noise; or (B, t), of each latent frame.
            label: (B,) class indices in [0, num_classes], the last one being "no class";
                None for an unconditional network.
        """


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig(ABC):
    """Base of all discriminator configs."""

    name: ClassVar[str]

    @abstractmethod
    def build(self) -> "Discriminator":
        """The network, with fresh weights from torch's current generator."""


class Discriminator(Network, ABC):
    """Tells real clips from reconstructed ones, patch by patch."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Logits, one row per clip: pixels (B, C, T, H, W) -> (B, patches); larger is realer."""
