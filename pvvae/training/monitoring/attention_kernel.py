"""Which kernel computes attention: said once, where a run begins."""

import torch

from arch.interface import Network
from pvvae import distributed
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say


def say_attention(network: Network, *, dtype: torch.dtype, key: str = "backbone") -> None:
    """One line, if the network lets its user choose.

    Raises:
        ConfigError: if the kernel that was asked for cannot be had here.
    """
    try:
        line = network.attention_used(distributed.device(), dtype)
    except ValueError as error:
        raise ConfigError(f"{key}.{error}") from None
    if line is not None:
        say(line)
