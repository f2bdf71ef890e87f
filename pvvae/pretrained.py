"""Taking trained networks out of run folders, whole and without the engine."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from arch.interface import BackboneConfig, Denoiser, DenoiserConfig, DiscriminatorConfig
from pvvae import checkpoints
from pvvae import config as codec
from pvvae.checkpoints import Checkpoint
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.progress import say
from pvvae.run_folder import read_config


def checkpoint_of(run: Path) -> Checkpoint:
    """The newest good checkpoint of a run.

    Raises:
        ConfigError: if ``run`` is no run folder or has none.
    """
    read_config(run)
    found = checkpoints.newest(run / "checkpoints", warn=say)
    if found is None:
        raise ConfigError(f"{run}: this run has no checkpoint yet; train it first (pvvae train)")
    return found


def load_vae(run: Path) -> PredictiveVAE:
    """The trained VAE of a run, in fp32, in evaluation mode, on the CPU.

    Raises:
        ConfigError: if the run holds no VAE.
    """
    plain = read_config(run)
    if "backbone" not in plain:
        raise ConfigError(
            f"{run}: a run of stage {plain.get('stage')} holds no VAE; name one of image_pretrain, "
            "predictive or decoder_finetune"
        )
    codec.load_plugins(plain)
    backbone = codec.decode(BackboneConfig, plain["backbone"], "backbone")
    vae = PredictiveVAE(backbone.build(), pad=plain["pad"])
    load_vae_weights(vae, backbone, run=run)
    return vae.eval().requires_grad_(False)


def load_denoiser(run: Path) -> Denoiser:
    """The trained denoiser of a run (its averaged weights, if it kept any), in evaluation mode.

    Raises:
        ConfigError: if the run holds no denoiser.
    """
    plain = read_config(run)
    if "denoiser" not in plain:
        raise ConfigError(
            f"{run}: a run of stage {plain.get('stage')} holds no denoiser; name one of latte"
        )
    codec.load_plugins(plain)
    denoiser = codec.decode(DenoiserConfig, plain["denoiser"], "denoiser").build()
    denoiser.load_state_dict(load_file(checkpoint_of(run).folder / "denoiser.safetensors"))
    return denoiser.eval().requires_grad_(False)


def load_vae_weights(vae: PredictiveVAE, backbone: BackboneConfig, *, run: Path) -> None:
    """Fill ``vae`` with a run's weights.

    Raises:
        ConfigError: if that run trained another backbone.
    """
    _require_same(run, "backbone", codec.encode(backbone))
    weights = load_file(checkpoint_of(run).folder / "vae.safetensors")
    if vae.pad is None:
        weights.pop("pad", None)  # a stage may change the pad: Table 6 from one image pretraining
    elif "pad" not in weights:
        weights["pad"] = torch.zeros_like(vae.pad)
    vae.load_state_dict(weights)


def load_discriminator_weights(
    network: nn.Module, config: DiscriminatorConfig, *, run: Path
) -> None:
    """Fill ``network`` with a run's discriminator; leave it fresh if that run trained without one.

    Raises:
        ConfigError: if that run trained another discriminator.
    """
    if read_config(run).get("discriminator") is None:
        return
    _require_same(run, "discriminator", codec.encode(config))
    weights: dict[str, Tensor] = load_file(checkpoint_of(run).folder / "discriminator.safetensors")
    network.load_state_dict(weights)


def _require_same(run: Path, what: str, wanted: dict[str, Any]) -> None:
    other = codec.differences(read_config(run).get(what), wanted, what)
    if other:
        raise ConfigError(f"{run}: was trained with another {what}: {other[0]}")
