"""Who is compared: a VAE of ours or of others, as a table's config names it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.run.folder import is_run

Vae = str | dict[str, Any]
"""A run folder of a VAE stage (or one that ``pvvae export --format pretrained`` wrote), or a peer
as plain data."""


@dataclass(frozen=True, kw_only=True)
class SubjectEntry:
    """One row."""

    name: str
    """Name in the table; the run folders are named after it too."""
    vae: Vae | None = None
    """VAE of the subject; None where ``config`` says."""
    config: str | None = None
    """A YAML with ``vae``, such as those of configs/peers."""

    @property
    def folder(self) -> str:
        """The name as a folder can have it."""
        return re.sub(r"[^a-z0-9.+*-]+", "_", self.name.lower()).replace("*", "-star").strip("_")


@dataclass(frozen=True, kw_only=True)
class RebuildingSubject(SubjectEntry):
    """A row of Table 2."""

    predictor: str | None = None
    """Run folder whose VAE predicts withheld frames; none asks ``vae`` itself."""


@dataclass(frozen=True, kw_only=True)
class GeneratingSubject(SubjectEntry):
    """A row of Table 1."""

    samples: dict[str, str] = field(default_factory=dict)
    """By data set: run folder of stage generate."""
    latte: dict[str, str] = field(default_factory=dict)
    """By data set: run folder of a denoiser, from which samples are made first."""
    made_by: tuple[str, ...] = ()
    """YAML files of the stages that train ``vae``, which are run first; the last one makes it."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A subject whose VAE has been looked for."""

    vae: Vae
    plugins: tuple[str, ...]
    quality: bool
    """Whether it has weights to measure with."""
    speed: bool
    """Whether there is code to time."""
    missing: str
    """What is not here, if anything."""

    @property
    def sets(self) -> dict[str, Any]:
        """What names it in a stage's config."""
        plugins = {"plugins": list(self.plugins)} if self.plugins else {}
        return {"vae": self.vae, **plugins}


def open_subject(subject: SubjectEntry, *, made: bool = False) -> Opened:
    """Look for the VAE, without loading anything.

    Args:
        subject: the row.
        made: whether its VAE is trained first, so need not be here.

    Raises:
        ConfigError: if it is ours and not there, or not said, or said twice.
    """
    vae, plugins = _vae(subject)
    if isinstance(vae, str):
        if not (made or is_run(Path(vae)) or (Path(vae) / "config.json").is_file()):
            raise ConfigError(
                f"{subject.name}: {vae}: no such run folder; train it first (pvvae train), or "
                "leave this subject out"
            )
        return Opened(vae=vae, plugins=plugins, quality=True, speed=True, missing="")
    weights, checkout = vae.get("weights"), vae.get("checkout")
    speed = checkout is None or Path(str(checkout)).is_dir()
    quality = speed and weights is not None and Path(str(weights)).exists()
    if not speed:
        missing = f"its code, {checkout}, is not here: nothing is measured"
    elif weights is None:
        missing = "no weights are named: speed, memory and size alone"
    else:
        missing = f"its weights, {weights}, are not here: speed, memory and size alone"
    return Opened(
        vae=vae, plugins=plugins, quality=quality, speed=speed, missing="" if quality else missing
    )


def _vae(subject: SubjectEntry) -> tuple[Vae, tuple[str, ...]]:
    if (subject.vae is None) == (subject.config is None):
        raise ConfigError(f"{subject.name}: needs one of vae and config")
    if subject.vae is not None:
        return subject.vae, ()
    assert subject.config is not None
    plain = codec.read_yaml(Path(subject.config))
    if not isinstance(plain.get("vae"), str | dict):
        raise ConfigError(f"{subject.name}: {subject.config} has no vae")
    return plain["vae"], tuple(plain["plugins"])
