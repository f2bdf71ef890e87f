"""What pipelines of diffusers read of a VAE: ``vae.config``, and attributes beside it."""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers.configuration_utils import FrozenDict
from torch import Tensor

from arch.interface import BackboneConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained.published import AutoencoderConfig, check_strides, describe

KEYS = tuple(AutoencoderConfig.__dataclass_fields__)
"""What describes one of ours; other entries are diffusers', or were registered by its user."""


class PipelineConfig(FrozenDict):  # type: ignore[misc]
    """Entries of ``config.json`` by key or by attribute, and other names that pipelines read.

    Two are equal if they say the same; where a VAE was loaded from, and with which release of
    diffusers, does not count.
    """

    timestep_conditioning = False
    """LTX asks whether its decoder wants to be told a noise level."""
    invert_scale_latents = False
    """CogVideoX asks whether latents of images are divided by the scaling factor."""

    @property
    def latent_channels(self) -> int:
        """Another name for ``z_dim``."""
        return int(self["z_dim"])

    @property
    def temporal_compression_ratio(self) -> int:
        """Another name for ``scale_factor_temporal``."""
        return int(self["scale_factor_temporal"])

    @property
    def spatial_compression_ratio(self) -> int:
        """Another name for ``scale_factor_spatial``."""
        return int(self["scale_factor_spatial"])

    @property
    def block_out_channels(self) -> tuple[int, ...]:
        """One entry more than there are halvings of the picture, from which some read the stride.

        Only their number is read; the entries are the latents' channels.
        """
        halvings = self.spatial_compression_ratio.bit_length() - 1
        return (self.latent_channels,) * (halvings + 1)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same of a VAE."""
        return isinstance(other, Mapping) and _public(self) == _public(other)

    __hash__ = None  # type: ignore[assignment]


class PipelineAttributes:
    """Facts of the config, under the names that pipelines look for."""

    _config: AutoencoderConfig

    @property
    def latents_mean(self) -> Tensor:
        """Mean of each channel (c,), on the CPU; LTX reads it here, others in :attr:`config`."""
        return torch.tensor(self._config.latents_mean)

    @property
    def latents_std(self) -> Tensor:
        """Standard deviation of each channel (c,), on the CPU."""
        return torch.tensor(self._config.latents_std)

    @property
    def spatial_compression_ratio(self) -> int:
        """Pixels of a latent cell along height and width."""
        return self._config.scale_factor_spatial

    @property
    def temporal_compression_ratio(self) -> int:
        """Frames of a latent group, but for the first, which is one frame."""
        return self._config.scale_factor_temporal

    @property
    def temperal_downsample(self) -> tuple[bool, ...]:
        """For each halving of the picture whether time is halved too; diffusers spells it so.

        Pipelines of Wan and SkyReels compute the strides from it.
        """
        time, space = (
            n.bit_length() - 1
            for n in (self.temporal_compression_ratio, self.spatial_compression_ratio)
        )
        return (True,) * time + (False,) * (space - time)


def completed(given: Mapping[str, Any]) -> tuple[PredictiveVAE, AutoencoderConfig]:
    """A fresh network and its description, from what a caller knows of it.

    Args:
        given: values by key of ``config.json``; what is None is taken from the network, which
            must be there.

    Raises:
        ConfigError: naming the key that does not fit.
    """
    if given.get("backbone") is None:
        raise ConfigError("backbone: AutoencoderPV needs a network, or the config of one")
    known = {key: codec.encode(value) for key, value in given.items() if value is not None}
    backbone = codec.decode(BackboneConfig, known["backbone"], "backbone")
    pad: Pad = codec.decode(Pad, known.get("pad", "learnable"), "pad")  # type: ignore[arg-type]
    vae = PredictiveVAE(backbone.build(), pad=pad)
    config = codec.decode(AutoencoderConfig, codec.encode(describe(vae, backbone)) | known)
    check_strides(config, vae)
    return vae, config


def _public(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: codec.encode(value) for key, value in config.items() if not str(key).startswith("_")
    }
