"""A trained VAE that pipelines of diffusers take for one of theirs. Needs diffusers.

``import pvvae.diffusers`` before loading a pipeline that was saved with one of ours inside, or one
of ours with ``AutoModel``: diffusers imports no module just because a file names it.
"""

from arch.interface import import_torchvision
from pvvae.errors import ConfigError

try:
    import_torchvision()  # diffusers imports it where it finds it
    import diffusers

    # Its pipelines look for this name here, in the module of the class they are to load.
    from diffusers import ModelMixin
except ImportError as error:
    raise ConfigError(
        f"pvvae.diffusers needs diffusers ({error}); install the extra 'peers', or use "
        "pvvae.autoencoder, which needs nothing"
    ) from None

from pvvae.diffusers.autoencoder_pv import AutoencoderPV

__all__ = ["AutoencoderPV", "ModelMixin"]

# Pipelines write down the module of a class, and look it up there when they are loaded.
AutoencoderPV.__module__ = __name__
# A config.json has no library to name: AutoModel looks in diffusers itself.
diffusers.AutoencoderPV = AutoencoderPV
