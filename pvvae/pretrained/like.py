"""``like:`` among the keys of a network: it is another's, but for the keys that stand beside it.

backbone: {like: box:vit}
denoiser: {like: runs/latte, num_classes: 3}
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.pretrained.denoisers import denoiser_config
from pvvae.pretrained.runs import vae_config

LIKE = "like"
NETWORKS: Mapping[str, Callable[[Path], Any]] = {
    "backbone": lambda source: vae_config(source)[0],
    "denoiser": denoiser_config,
}
"""By key of a stage's config: the network of a run, of a published folder, or of ``box:NAME``."""


def spelled_out(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's config as plain data, each network with all its own keys.

    Raises:
        ConfigError: if there is no such network.
    """
    data = dict(plain)
    for key, network_of in NETWORKS.items():
        given = data.get(key)
        if not isinstance(given, Mapping) or LIKE not in given:
            continue
        rest = {name: value for name, value in given.items() if name != LIKE}
        try:
            data[key] = codec.encode(network_of(Path(str(given[LIKE])))) | rest
        except ConfigError as error:
            raise ConfigError(f"{key}.{LIKE}: {error}") from None
    return data
