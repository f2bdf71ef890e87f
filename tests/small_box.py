"""A box of untrained networks, for tests."""

from pathlib import Path

import torch

from arch.interface import BackboneConfig, DenoiserConfig
from pvvae import config as codec
from pvvae.box import write_box
from pvvae.box.folder import BoxedLatte, BoxedVAE
from pvvae.box.write import PackedLatte, PackedVAE
from pvvae.data.latent_scale import LatentScale
from pvvae.pretrained.published import describe
from tests.tiny import CONFIGS, tiny_vae

BACKBONE = CONFIGS / "box/stages/transformer.yaml"
SMALL = {"latent_channels": 6, "width": 16, "heads": 2, "encoder_blocks": 1, "decoder_blocks": 1}
CLASSES = ("pan", "zoom")


def backbone() -> BackboneConfig:
    """The box's Transformer, made small."""
    plain = codec.read_yaml(BACKBONE)["backbone"] | SMALL
    return codec.decode(BackboneConfig, plain, "backbone")


def latte() -> PackedLatte:
    """A Latte on its latents of 17 x 64 x 64."""
    plain = codec.read_yaml(CONFIGS / "tiny/latte/denoiser.yaml")["denoiser"]
    small = {"latent_channels": 6, "num_classes": 2, "depth": 2}
    config = codec.decode(DenoiserConfig, plain | small, "denoiser")
    torch.manual_seed(0)
    scale = LatentScale(
        mean=[0.1] * 6, deviation=[0.5] * 6, shape=(6, 5, 8, 8), classes=CLASSES, encoder=""
    )
    return PackedLatte(
        denoiser=config.build(), config=config, scale=scale, about=BoxedLatte(vae="vit")
    )


def packed_vae(label: str, *, twin_of: str | None = None) -> PackedVAE:
    """A VAE of that Transformer."""
    vae = tiny_vae(backbone())
    about = BoxedVAE(label=label, twin_of=twin_of)
    return PackedVAE(vae=vae, config=describe(vae, backbone()), about=about)


def small_box(folder: Path) -> Path:
    """A VAE, its twin, and a Latte in ``folder``."""
    vaes = {
        "vit": packed_vae("Transformer"),
        "vit_twin": packed_vae("Transformer, twin", twin_of="vit"),
    }
    write_box(folder, vaes=vaes, lattes={"vit_latte": latte()}, card="# A box\n")
    return folder
