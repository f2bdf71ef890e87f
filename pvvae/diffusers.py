"""A trained VAE that pipelines of diffusers take for one of theirs. Needs diffusers.

``import pvvae.diffusers`` before loading a pipeline that was saved with one of ours inside:
diffusers imports no module just because a file names it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch

from arch.interface import import_torchvision
from pvvae.autoencoder import Autoencoder
from pvvae.errors import ConfigError

try:
    import_torchvision()  # diffusers imports it where it finds it
    # Its pipelines look for this name here, in the module of the class they are to load.
    from diffusers import ModelMixin
except ImportError as error:
    raise ConfigError(
        f"pvvae.diffusers needs diffusers ({error}); install the extra 'peers', or use "
        "pvvae.autoencoder, which needs nothing"
    ) from None

HOW_TO_LOAD = ("use_safetensors", "low_cpu_mem_usage", "offload_state_dict", "disable_mmap")
"""Arguments that models of diffusers have, without effect on what is loaded."""


class AutoencoderPV(Autoencoder, ModelMixin):  # type: ignore[misc]
    """An :class:`Autoencoder` that is also a model of diffusers."""

    @property
    def temperal_downsample(self) -> tuple[bool, ...]:
        """For each halving of the picture whether time is halved too; diffusers spells it so.

        Wan's video-to-video pipeline computes the strides from it.
        """
        config = self.config
        time, space = (
            n.bit_length() - 1 for n in (config.scale_factor_temporal, config.scale_factor_spatial)
        )
        return (True,) * time + (False,) * (space - time)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        subfolder: str | None = None,
        torch_dtype: torch.dtype | None = None,
        revision: str | None = None,
        plugins: Sequence[str | Path] = (),
        **loading: object,
    ) -> Self:
        """Load a VAE, as :meth:`Autoencoder.from_pretrained` does.

        Args:
            folder: a local folder, or an id of the Hugging Face hub.
            subfolder: of it, that holds the VAE.
            torch_dtype: of the weights; None leaves them as stored.
            revision: of the hub's repository.
            plugins: Python files that register a backbone which is none of ours.
            loading: pipelines pass all that models of diffusers know, more with each release. What
                asks for nothing, or only says how to load, is done without.

        Raises:
            ConfigError: one line about what is missing, does not fit, or is not offered.
        """
        for key, value in loading.items():
            if key not in HOW_TO_LOAD and value not in (None, False):
                raise ConfigError(f"{key}: {cls.__name__}.from_pretrained cannot do that")
        if loading.get("use_safetensors") is False:
            raise ConfigError("use_safetensors: weights are safetensors and nothing else")
        return super().from_pretrained(
            folder,
            subfolder=subfolder,
            torch_dtype=torch_dtype,
            revision=revision,
            plugins=plugins,
        )
