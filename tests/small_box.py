"""A box of untrained networks, for tests."""

from pathlib import Path

import torch

from arch.interface import BackboneConfig, DenoiserConfig
from pvvae import config as codec
from pvvae.box import write_box
from pvvae.box.write import PackedLatte, PackedVAE
from pvvae.data.latent_scale import LatentScale
from pvvae.pretrained.box import BoxedLatte, BoxedVAE
from pvvae.pretrained.published import describe
from tests.tiny import CONFIGS, tiny_vae

BACKBONE = CONFIGS / "box/stages/transformer.yaml"
SMALL = {"latent_channels": 6, "width": 16, "heads": 2, "encoder_blocks": 1, "decoder_blocks": 1}
CLASSES = ("pan", "zoom")


def backbone() -> BackboneConfig:
    """The box's Transformer, made small."""
    plain = codec.read_yaml(BACKBONE)["backbone"] | SMALL
    return codec.decode(BackboneConfig, plain, "backbone")


def cnn() -> BackboneConfig:
    """A CNN of other latents."""
    plain = codec.read_yaml(CONFIGS / "tiny/cnn/backbone.yaml")["backbone"]
    return codec.decode(BackboneConfig, plain, "backbone")


def latte(vae: str = "vit", *, shape: tuple[int, int, int, int] = (6, 5, 8, 8)) -> PackedLatte:
    """A Latte on latents of 17 x 64 x 64."""
    channels = shape[0]
    plain = codec.read_yaml(CONFIGS / "tiny/latte/denoiser.yaml")["denoiser"]
    small = {"latent_channels": channels, "num_classes": 2, "depth": 2}
    config = codec.decode(DenoiserConfig, plain | small, "denoiser")
    torch.manual_seed(0)
    scale = LatentScale(
        mean=[0.1] * channels, deviation=[0.5] * channels, shape=shape, classes=CLASSES, encoder=""
    )
    return PackedLatte(
        denoiser=config.build(), config=config, scale=scale, about=BoxedLatte(vae=vae)
    )


def packed_vae(
    label: str, *, twin_of: str | None = None, config: BackboneConfig | None = None
) -> PackedVAE:
    """A VAE, of that Transformer if nothing else is said."""
    config = config or backbone()
    vae = tiny_vae(config)
    about = BoxedVAE(label=label, twin_of=twin_of)
    return PackedVAE(vae=vae, config=describe(vae, config), about=about)


def small_box(folder: Path) -> Path:
    """The networks of the project's box by name, made small, in ``folder``."""
    vaes = {
        "vit": packed_vae("Transformer"),
        "vit_twin": packed_vae("Transformer, twin", twin_of="vit"),
        "cnn": packed_vae("CNN", config=cnn()),
    }
    lattes = {"vit_latte": latte(), "cnn_latte": latte("cnn", shape=(32, 5, 4, 4))}
    write_box(folder, vaes=vaes, lattes=lattes, card="# A box\n")
    return folder
