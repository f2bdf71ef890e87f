"""What others made: their VAEs in the place of a run's, their weights to start from."""

import dataclasses
from pathlib import Path

from arch.interface import BackboneConfig, PeerConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.files import apply_umask
from pvvae.model import PredictiveVAE
from pvvae.pretrained.box import located
from pvvae.pretrained.published import is_ours, is_published
from pvvae.pretrained.runs import (
    check_published,
    checkpoint_of,
    load_published,
    load_vae,
    load_vae_file,
    vae_config,
)
from pvvae.pretrained.tensor_files import read_tensors
from pvvae.run.folder import is_run, read_config


def check_trained(vae: str | PeerConfig) -> None:
    """Refuse a peer with random weights: nothing that it makes says anything.

    Raises:
        ConfigError: in one line.
    """
    if isinstance(vae, PeerConfig) and vae.weights is None:
        raise ConfigError(
            f"vae.weights: null means random weights, whose quality is not measured; name the "
            f"weights of {vae.name} (`pvvae bench vae` measures its speed without them)"
        )


def open_vae(vae: str | PeerConfig) -> PredictiveVAE:
    """The VAE of a run folder, or a peer as one that was never taught to predict.

    Raises:
        ConfigError: if there is none, or a peer has random weights or does not load.
    """
    check_trained(vae)
    if isinstance(vae, str):
        return load_vae(Path(vae))
    try:
        backbone = vae.build()
    except ValueError as error:
        raise ConfigError(f"vae: {error}") from None
    return PredictiveVAE(backbone, pad="gaussian").eval().requires_grad_(False)


def vae_of_latents(run: Path) -> str | PeerConfig:
    """The run folder of the VAE that made the latents of a run of extract_latents, or the peer.

    Raises:
        ConfigError: if there is no such run.
    """
    plain = read_config(run)
    if "vae" not in plain:
        raise ConfigError(
            f"{run}: is a run of stage {plain['stage']}; only runs of extract_latents hold latents"
        )
    source = plain["vae"]
    return source if isinstance(source, str) else codec.decode(PeerConfig, source, "vae")


def fresh_vae(vae: str | PeerConfig) -> PredictiveVAE:
    """The VAE's network with fresh weights, for what does not depend on them: speed, memory, size.

    Raises:
        ConfigError: if there is none, or a peer's code does not load.
    """
    if isinstance(vae, PeerConfig):
        try:
            backbone = dataclasses.replace(vae, weights=None).build()
        except ValueError as error:
            raise ConfigError(f"vae: {error}") from None
        made = PredictiveVAE(backbone, pad="gaussian")
    elif is_published(located(vae)):
        made = load_vae(Path(vae))
    else:
        config, pad = vae_config(Path(vae))
        made = PredictiveVAE(config.build(), pad=pad)
    return made.eval().requires_grad_(False)


def is_foreign(path: Path) -> bool:
    """Whether ``path`` is a folder that no stage of ours made."""
    return path.is_dir() and not is_run(path)


def check_foreign(backbone: BackboneConfig, path: Path) -> None:
    """Refuse a folder that :func:`load_foreign` could not use, before its weights are read.

    Raises:
        ConfigError: in one line.
    """
    if not path.is_dir():
        return  # a file says what it is when it is read
    if is_ours(path):
        check_published(backbone, path)
        return
    try:
        backbone.check_pretrained(path)
    except ValueError as error:
        raise ConfigError(f"init: {error}") from None


def load_foreign(vae: PredictiveVAE, backbone: BackboneConfig, path: Path) -> None:
    """Fill ``vae`` with a file's or a published folder's weights, or its backbone with a folder's
    of others (the pad stays fresh).

    Raises:
        ConfigError: if they do not fit.
    """
    if not path.is_dir():
        load_vae_file(vae, path)
        return
    if is_ours(path):
        load_published(vae, backbone, path)
        return
    try:
        vae.backbone.load_state_dict(backbone.pretrained(path))
    except ValueError as error:
        raise ConfigError(f"init: {error}") from None


def export_backbone(run: Path, folder: Path, *, step: int | None = None) -> int:
    """Write the backbone of a run's VAE as others read it; the step it had come to.

    Raises:
        ConfigError: if its kind of backbone has no format but ours, or ``folder`` is no folder.
    """
    backbone, _ = vae_config(run)
    found = checkpoint_of(run, step)
    prefix = "backbone."
    weights = {
        name.removeprefix(prefix): value
        for name, value in read_tensors(found.folder / "vae.safetensors").items()
        if name.startswith(prefix)
    }
    if folder.is_file():
        raise ConfigError(f"{folder}: is a file; name a folder")
    try:
        backbone.export(folder, weights)
    except ValueError as error:
        raise ConfigError(f"{run}: {error}") from None
    for path in folder.iterdir():
        if path.is_file():
            apply_umask(path)
    return found.step
