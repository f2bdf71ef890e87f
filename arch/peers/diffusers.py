"""Other people's video VAEs behind our interface, from the package diffusers.

Any other VAE is ``external`` (arch/peers/external.py). Peers are a family of their own: they are
compared with, and not held to the contract of our backbones. Each is the published size; the
paper's Table 1 gives the same parameter counts. Wan's can be trained too: arch/wan.py.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn

from arch.interface import Backbone, LatentFacts, PeerConfig, Posterior, Stride
from arch.interop.diffusers import class_of_diffusers
from arch.layers.causal_conv import repeat_first
from arch.registry import register


@dataclass(frozen=True, kw_only=True)
class DiffusersConfig(PeerConfig):
    """Base of these peers; the subclass says which class of diffusers it is, and at what size.

    ``weights`` is a folder or hub id of ``config.json`` and safetensors.
    """

    autoencoder: ClassVar[str]
    """Class of diffusers."""
    arguments: ClassVar[dict[str, Any]] = {}
    """Arguments that make the published size, where they differ from the class's defaults."""
    stride: ClassVar[Stride]
    channels: ClassVar[int]
    """Latent channels of the published size."""
    channels_key: ClassVar[str] = "latent_channels"
    """Key of the class's config that holds the number of latent channels."""
    causal: ClassVar[bool]
    """Whether a prefix of a clip encodes to the prefix of its latent."""
    lead: ClassVar[int] = 0
    """Copies of the first frame that the class wants before a clip, and takes off again itself."""

    sizes: dict[str, Any] = field(default_factory=dict)
    """Arguments of the class that make it another size; only with random weights."""

    def __post_init__(self) -> None:
        """Refuse two answers to one question.

        Raises:
            ValueError: naming the key.
        """
        if self.weights is not None and self.sizes:
            raise ValueError("sizes: a peer with weights has the size of its weights")

    def latents(self) -> LatentFacts:
        """What the weights' config.json says, where it is here; else what the published size has.

        Raises:
            ValueError: for one that is no JSON.
        """
        described = {**self.sizes}
        path = None if self.weights is None else Path(self.weights) / "config.json"
        if path is not None and path.is_file():
            try:
                described = dict(json.loads(path.read_text()))
            except (OSError, ValueError, TypeError):
                raise ValueError(f"weights: {path} is no JSON object") from None
        channels = described.get(self.channels_key, self.channels)
        return LatentFacts(channels=int(channels), stride=self.stride)

    def build(self) -> "Peer":
        """The network.

        Raises:
            ValueError: if diffusers is missing, or the weights cannot be had.
        """
        cls = class_of_diffusers(self.autoencoder)
        if self.weights is None:
            network = cls(**self.arguments | self.sizes)
        else:
            network = _pretrained(cls, self.weights)
        self.settle(network)
        return Peer(network, self)

    def settle(self, network: Any) -> None:
        """Switch off what would make a comparison unfair."""


class Peer(Backbone):
    """A peer as a backbone: pixels in [-1, 1] to a posterior and back."""

    def __init__(self, network: Any, config: DiffusersConfig) -> None:
        """Wrap a network of diffusers, as :meth:`DiffusersConfig.build` made it."""
        super().__init__()
        self.network = network
        self.stride, self.causal, self._lead = config.stride, config.causal, config.lead
        self.latent_channels = int(network.config[config.channels_key])
        self.trained = config.weights is not None
        """Whether what it reconstructs means anything."""

    @property
    def encoder(self) -> nn.Module:  # type: ignore[override]
        found: nn.Module = self.network.encoder
        return found

    @property
    def decoder(self) -> nn.Module:  # type: ignore[override]
        found: nn.Module = self.network.decoder
        return found

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group; groups can be left unobserved only where they are causal."""
        if observed is not None and not self.causal:
            raise ValueError("this peer cannot hide later groups from earlier ones")
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        found = self.network.encode(repeat_first(x, self._lead)).latent_dist
        return Posterior(found.mean, found.logvar)

    def decode(self, z: Tensor) -> Tensor:
        out = self.network.decode(z)
        pixels: Tensor = out if isinstance(out, Tensor) else out.sample  # VidTok's is a tensor
        return pixels


@register(PeerConfig, "wan2.1")
@dataclass(frozen=True, kw_only=True)
class Wan21Config(DiffusersConfig):
    """126.9M, t4 s8 c16; Apache-2.0. Encodes four frames, decodes one group at a time."""

    autoencoder = "AutoencoderKLWan"
    channels = 16
    stride = Stride(time=4, space=8)
    channels_key = "z_dim"
    causal = True


@register(PeerConfig, "wan2.2")
@dataclass(frozen=True, kw_only=True)
class Wan22Config(DiffusersConfig):
    """704.7M, t4 s16 c48; Apache-2.0. The one peer with our strides that people use."""

    autoencoder = "AutoencoderKLWan"
    # Of the checkpoint Wan2.2-TI2V-5B; the class's defaults are Wan2.1.
    arguments: ClassVar[dict[str, Any]] = {
        "base_dim": 160,
        "decoder_base_dim": 256,
        "z_dim": 48,
        "dim_mult": [1, 2, 4, 4],
        "num_res_blocks": 2,
        "temperal_downsample": [False, True, True],  # diffusers spells it so
        "is_residual": True,
        "in_channels": 12,
        "out_channels": 12,
        "patch_size": 2,
        "scale_factor_temporal": 4,
        "scale_factor_spatial": 16,
        "latents_mean": [0.0] * 48,
        "latents_std": [1.0] * 48,
    }
    channels = 48
    stride = Stride(time=4, space=16)
    channels_key = "z_dim"
    causal = True


@register(PeerConfig, "cogvideox")
@dataclass(frozen=True, kw_only=True)
class CogVideoXConfig(DiffusersConfig):
    """215.6M, t4 s8 c16; code Apache-2.0. Its GroupNorm over chunks of 8 frames is not causal."""

    autoencoder = "AutoencoderKLCogVideoX"
    channels = 16
    stride = Stride(time=4, space=8)
    causal = False


@register(PeerConfig, "hunyuanvideo")
@dataclass(frozen=True, kw_only=True)
class HunyuanVideoConfig(DiffusersConfig):
    """246.5M, t4 s8 c16; Tencent community licence."""

    autoencoder = "AutoencoderKLHunyuanVideo"
    channels = 16
    stride = Stride(time=4, space=8)
    causal = False

    def settle(self, network: Any) -> None:
        """Clips of more than 16 frames are cut in time and blended unless told otherwise."""
        network.use_framewise_encoding = network.use_framewise_decoding = False


@register(PeerConfig, "hunyuanvideo1.5")
@dataclass(frozen=True, kw_only=True)
class HunyuanVideo15Config(DiffusersConfig):
    """1,260.6M, t4 s16 c32; Tencent community licence."""

    autoencoder = "AutoencoderKLHunyuanVideo15"
    channels = 32
    stride = Stride(time=4, space=16)
    causal = True


@register(PeerConfig, "vidtok")
@dataclass(frozen=True, kw_only=True)
class VidTokConfig(DiffusersConfig):
    """199.5M, t4 s16 c16; MIT. Of the published sizes the one with our strides."""

    autoencoder = "AutoencoderVidTok"
    arguments: ClassVar[dict[str, Any]] = {"ch_mult": [1, 2, 4, 4, 4], "z_channels": 16}
    channels = 16
    stride = Stride(time=4, space=16)
    channels_key = "z_channels"
    causal = True
    lead = 3


def _pretrained(cls: Any, weights: str) -> Any:
    """A network from a folder or the hub, from safetensors alone: a pickle may run anything.

    Raises:
        ValueError: saying what is missing.
    """
    folder = Path(weights)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ValueError(f"weights: {folder} has no config.json; name the folder of the VAE itself")
    try:
        return cls.from_pretrained(weights, use_safetensors=True)
    except (OSError, ValueError) as error:
        line = " ".join(str(error).split())
        raise ValueError(f"weights: {weights} cannot be loaded: {line}") from None
