"""Small autoencoders with weights that are not those they begin with."""

from arch.interface import BackboneConfig
from arch.registry import load_plugin, lookup
from pvvae.autoencoder import Autoencoder
from pvvae.pretrained.published import describe
from tests.launchers.conftest import PLUGIN
from tests.tiny import backbone_configs, tiny_vae

load_plugin(PLUGIN)
CONFIGS = [*backbone_configs(), lookup(BackboneConfig, "toy")(latent_channels=4)]


def made(config: BackboneConfig) -> Autoencoder:
    vae = tiny_vae(config).eval()
    return Autoencoder(vae, describe(vae, config))
