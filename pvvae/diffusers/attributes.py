"""What pipelines of diffusers read of a VAE beside its config."""

import torch
from torch import Tensor

from pvvae.pretrained.published import AutoencoderConfig


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
