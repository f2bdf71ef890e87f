"""The parts of a network that are recomputed or compiled one at a time."""

from torch import nn

from arch.interface import Network
from pvvae.errors import ConfigError


def segments_of(network: nn.Module, *, why: str) -> tuple[nn.Module, ...]:
    """The segments that ``network`` names.

    Raises:
        ConfigError: if it names none; ``why`` is the key of the engine that needs them.
    """
    found = network.segments if isinstance(network, Network) else ()
    if not found:
        raise ConfigError(
            f"{why}: {type(network).__name__} names no segments; leave it off for this network, or "
            "give it the property segments (see arch/interface.py)"
        )
    return found
