"""The shipped tiny networks, for tests."""

from pathlib import Path

import torch

from arch.interface import BackboneConfig, DenoiserConfig, DiscriminatorConfig
from pvvae import config as codec
from pvvae.model import PredictiveVAE

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def fragments(what: str) -> list[Path]:
    """Tiny YAML files that hold one network alone."""
    return sorted((CONFIGS / "tiny").glob(f"*/{what}.yaml"))


def backbone_configs() -> list[BackboneConfig]:
    """Every tiny backbone."""
    return [
        codec.decode(BackboneConfig, codec.read_yaml(path)["backbone"], "backbone")
        for path in fragments("backbone")
    ]


def denoiser_config() -> DenoiserConfig:
    """The tiny denoiser."""
    plain = codec.read_yaml(CONFIGS / "tiny/latte/denoiser.yaml")["denoiser"]
    return codec.decode(DenoiserConfig, plain, "denoiser")


def discriminator_config(name: str = "patchgan3d") -> DiscriminatorConfig:
    """A tiny discriminator."""
    plain = codec.read_yaml(CONFIGS / f"tiny/discriminator/{name}.yaml")["discriminator"]
    return codec.decode(DiscriminatorConfig, plain, "discriminator")


def tiny_vae(config: BackboneConfig) -> PredictiveVAE:
    """A tiny VAE with every weight a little off its start, so that no branch is silent."""
    torch.manual_seed(0)
    vae = PredictiveVAE(config.build())
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return vae
