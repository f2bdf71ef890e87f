"""What diffusers is asked for, where it is installed."""

import importlib
from types import ModuleType
from typing import Any

from arch.interop.torchvision import import_torchvision

WAN = "diffusers.models.autoencoders.autoencoder_kl_wan"
"""Where diffusers keeps the parts of Wan's VAEs."""


def class_of_diffusers(name: str) -> Any:
    """A class of diffusers.

    Raises:
        ValueError: if diffusers cannot be imported, or is too old to have it.
    """
    try:
        import_torchvision()  # diffusers imports it where it finds it
        return getattr(importlib.import_module("diffusers"), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"peers need diffusers with {name} ({error}); install the extra 'peers'"
        ) from None


def wan_parts() -> ModuleType:
    """The module with the layers of Wan's VAEs.

    Raises:
        ValueError: as :func:`class_of_diffusers`.
    """
    class_of_diffusers("AutoencoderKLWan")
    return importlib.import_module(WAN)
