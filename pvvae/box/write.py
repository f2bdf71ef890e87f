"""Making a box out of trained networks."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file

from arch.interface import Denoiser, DenoiserConfig
from pvvae import config as codec
from pvvae.data.latent_scale import LatentScale
from pvvae.denoiser.trained_run import latte_scale
from pvvae.errors import ConfigError
from pvvae.files import write_atomic, write_json, write_text
from pvvae.model import PredictiveVAE
from pvvae.pretrained.box import (
    FORMAT,
    LATTE,
    MANIFEST,
    WEIGHTS,
    BoxedLatte,
    BoxedVAE,
    LatteFacts,
    Manifest,
    facts_of,
)
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.pretrained.published import AutoencoderConfig, describe, write_folder
from pvvae.pretrained.runs import load_vae, vae_config
from pvvae.pretrained.tensor_files import check_finite
from pvvae.run.folder import read_config

MOST_BYTES = 24 * 2**20
"""Ours: a box lies in the project's history, which everybody copies whole."""


@dataclass(frozen=True, kw_only=True)
class PackedVAE:
    """A VAE that goes into a box."""

    vae: PredictiveVAE
    config: AutoencoderConfig
    about: BoxedVAE

    @classmethod
    def of_run(cls, run: Path, about: BoxedVAE) -> "PackedVAE":
        """The VAE of a run, at its newest checkpoint.

        Raises:
            ConfigError: if the run has none.
        """
        vae = load_vae(run)
        return cls(vae=vae, config=describe(vae, vae_config(run)[0]), about=about)


@dataclass(frozen=True, kw_only=True)
class PackedLatte:
    """A Latte that goes into a box."""

    denoiser: Denoiser
    config: DenoiserConfig
    scale: LatentScale
    about: BoxedLatte

    @classmethod
    def of_run(cls, run: Path, about: BoxedLatte) -> "PackedLatte":
        """The Latte of a run, at its newest checkpoint.

        Raises:
            ConfigError: if the run has none.
        """
        denoiser, scale = load_denoiser(run), latte_scale(run)
        config = codec.decode(DenoiserConfig, read_config(run)["denoiser"], "denoiser")
        return cls(denoiser=denoiser, config=config, scale=scale, about=about)


def write_box(
    folder: Path, *, vaes: Mapping[str, PackedVAE], lattes: Mapping[str, PackedLatte], card: str
) -> int:
    """Fill an empty folder with copies of networks, as float16; its bytes.

    Args:
        folder: is not there yet, or empty.
        vaes: by name.
        lattes: by name.
        card: Markdown: data, steps, figures, licence.

    Raises:
        ConfigError: if something is there already, a weight is beyond float16, or the whole is
            larger than a box may be.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: is there already; remove it, or name another folder")
    for name, packed in vaes.items():
        write_folder(folder / name, copy.deepcopy(packed.vae).half(), packed.config)
    for name, latte in lattes.items():
        _write_latte(folder / name, latte)
    write_text(folder / "README.md", card)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = Manifest(
        format=FORMAT,
        vaes={name: packed.about for name, packed in vaes.items()},
        lattes={name: latte.about for name, latte in lattes.items()},
        files={path.relative_to(folder).as_posix(): facts_of(path) for path in files},
    )
    total = sum(facts.bytes for facts in manifest.files.values())
    if total > MOST_BYTES:
        raise ConfigError(
            f"{folder}: {total / 2**20:.1f} MiB, and a box has {MOST_BYTES / 2**20:.0f} at most; "
            "leave a network out"
        )
    write_json(folder / MANIFEST, codec.encode(manifest))
    return total


def _write_latte(folder: Path, latte: PackedLatte) -> None:
    scale = latte.scale
    facts = LatteFacts(
        denoiser=latte.config,
        mean=tuple(scale.mean.tolist()),
        std=tuple(scale.deviation.tolist()),
        shape=scale.shape,
        classes=scale.classes,
    )
    weights = copy.deepcopy(latte.denoiser).half().state_dict()
    tensors = {name: value.contiguous() for name, value in weights.items()}
    check_finite(tensors, where=str(folder))
    write_atomic(folder / WEIGHTS, lambda partial: save_file(tensors, partial))
    write_json(folder / LATTE, codec.encode(facts))
