"""A box: a folder of small trained networks, ``box.json`` and the checksum of every other file.

box.json             format, which networks there are, size and SHA-256 of each file
README.md            model card
NAME/                a VAE, as ``Autoencoder.save_pretrained`` writes it
NAME_latte/          ``latte.json`` (network, scale of latents) and its weights
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from arch.interface import Denoiser, DenoiserConfig
from pvvae import config as codec
from pvvae.data.latent_scale import LatentScale
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained.published import read_folder
from pvvae.pretrained.tensor_files import fill, read_tensors

FORMAT = "pvvae-box-1"
"""Changes when a box of before cannot be read any more."""
MANIFEST = "box.json"
LATTE, WEIGHTS = "latte.json", "denoiser.safetensors"
SHIPPED = Path(__file__).parent / "models"
"""Where the project's own box lies."""


@dataclass(frozen=True, kw_only=True)
class BoxedVAE:
    """One VAE of a box."""

    label: str
    """What a page calls it."""
    twin_of: str | None = None
    """Name of the VAE that differs from it in one thing alone: that one was taught to predict."""


@dataclass(frozen=True, kw_only=True)
class BoxedLatte:
    """One Latte of a box."""

    vae: str
    """Name of the VAE whose latents it learned."""


@dataclass(frozen=True, kw_only=True)
class BoxedFile:
    """What a file must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything in ``box.json``."""

    format: str
    vaes: dict[str, BoxedVAE]
    lattes: dict[str, BoxedLatte]
    files: dict[str, BoxedFile]
    """By path in the box, all but ``box.json`` itself."""


@dataclass(frozen=True, kw_only=True)
class LatteFacts:
    """Everything in ``latte.json``."""

    denoiser: DenoiserConfig
    mean: tuple[float, ...]
    """Mean of each channel of the latents it learned; samples have mean 0 and deviation 1."""
    std: tuple[float, ...]
    shape: tuple[int, int, int, int]
    """(c, t, h, w)."""
    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box whose files were found whole."""

    folder: Path
    vaes: dict[str, BoxedVAE]
    lattes: dict[str, BoxedLatte]

    def vae(self, name: str) -> PredictiveVAE:
        """A VAE, in fp32 and evaluation mode, on the CPU."""
        vae = read_folder(self.folder / name)[0]
        return vae.float().requires_grad_(False)

    def latte(self, name: str) -> tuple[Denoiser, LatentScale]:
        """A Latte, likewise, and the scale of its latents."""
        facts = codec.decode(LatteFacts, _read_json(self.folder / name / LATTE), f"{name}/{LATTE}")
        with torch.random.fork_rng(devices=[]):
            denoiser = facts.denoiser.portable().build()
        path = self.folder / name / WEIGHTS
        fill(denoiser, read_tensors(path), where=str(path))
        scale = LatentScale(
            mean=facts.mean,
            deviation=facts.std,
            shape=facts.shape,
            classes=facts.classes,
            encoder="",
        )
        return denoiser.eval().requires_grad_(False), scale


def open_box(folder: Path = SHIPPED) -> Box:
    """A box, after every file of it was compared with its checksum.

    Raises:
        ConfigError: if there is none, another version made it, or a file is missing or damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such file, so there is no box; name the folder of one with --box"
        )
    plain = _read_json(path)
    found = plain.get("format")
    if found != FORMAT:
        raise ConfigError(
            f"{path}: a box of format {found!r}, but this version opens format {FORMAT!r}; use the "
            "box that came with this version"
        )
    manifest = codec.decode(Manifest, plain, MANIFEST)
    for name, facts in manifest.files.items():
        _check_file(folder / name, facts)
    for name, latte in manifest.lattes.items():
        if latte.vae not in manifest.vaes:
            raise ConfigError(
                f"{path}: {name} needs the VAE {latte.vae!r}, which is not in the box"
            )
    return Box(folder=folder, vaes=manifest.vaes, lattes=manifest.lattes)


def facts_of(path: Path) -> BoxedFile:
    """Size and checksum of a file."""
    content = path.read_bytes()
    return BoxedFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _check_file(path: Path, facts: BoxedFile) -> None:
    if not path.is_file():
        raise ConfigError(f"{path}: missing from the box; take the whole box again")
    size = path.stat().st_size
    if size != facts.bytes:
        raise ConfigError(
            f"{path}: damaged: {size:,} bytes instead of {facts.bytes:,}; take the whole box again"
        )
    if facts_of(path) != facts:
        raise ConfigError(f"{path}: damaged: its checksum is another; take the whole box again")


def _read_json(path: Path) -> dict[str, object]:
    try:
        plain = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigError(f"{path}: damaged: not JSON ({error})") from None
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: damaged: not an object of JSON")
    return plain
