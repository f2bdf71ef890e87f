"""A box: a folder of small trained networks, ``box.json`` and the checksum of every other file.

box.json             format, which networks there are, size and SHA-256 of each file
README.md            model card
NAME/                a VAE, as ``Autoencoder.save_pretrained`` writes it
NAME_latte/          ``latte.json`` (network, scale of latents) and its weights

Where a run's folder is asked for, ``box:NAME`` is network NAME of the project's own box.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from arch.interface import Denoiser, DenoiserConfig
from pvvae import config as codec
from pvvae.data.latent_scale import LatentScale
from pvvae.errors import ConfigError, shown
from pvvae.model import PredictiveVAE
from pvvae.pretrained.published import read_folder
from pvvae.pretrained.tensor_files import fill, read_tensors

FORMAT = "pvvae-box-1"
"""Changes when a box of before cannot be read any more."""
MANIFEST = "box.json"
LATTE, WEIGHTS = "latte.json", "denoiser.safetensors"
SHIPPED = Path(__file__).parents[1] / "box/models"
"""Where the project's own box lies; what writes boxes is beside it."""
PREFIX = "box:"


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
        facts = latte_facts(self.folder / name)
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


def open_box(folder: Path | None = None) -> Box:
    """A box, after every file of it was compared with its checksum.

    Args:
        folder: of the box; None is the project's own.

    Raises:
        ConfigError: if there is none, another version made it, or a file is missing or damaged.
    """
    folder = folder or SHIPPED
    path = folder / MANIFEST
    if not path.is_file():
        what = "no such file, so there is no box"
        raise ConfigError(
            f"{path}: {what}; copy the project again, its box with it"
            if folder == SHIPPED
            else f"{path}: {what}; name the folder of one, or leave --box away for the project's"
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


def located(source: str | Path) -> Path:
    """The folder that is named: ``box:NAME`` is a network's in the project's own box.

    Raises:
        ConfigError: if that box cannot be opened, or has no network of this name.
    """
    if not str(source).startswith(PREFIX):
        return Path(source)
    box, name = open_box(), str(source).removeprefix(PREFIX)
    if name not in (*box.vaes, *box.lattes):
        raise ConfigError(
            f"{source}: the box has no {shown(name)}; it has {', '.join((*box.vaes, *box.lattes))}"
        )
    return box.folder / name


def is_boxed_latte(folder: Path) -> bool:
    """Whether ``folder`` is that of a Latte of a box."""
    return (folder / LATTE).is_file()


def latte_facts(folder: Path) -> LatteFacts:
    """Network and latents of a box's Latte.

    Raises:
        ConfigError: if they cannot be read.
    """
    return codec.decode(LatteFacts, _read_json(folder / LATTE), f"{folder.name}/{LATTE}")


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
