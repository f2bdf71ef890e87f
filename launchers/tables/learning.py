"""From a VAE to its Latte: the runs that a row of Table 1 still needs before it has samples.

All rows learn a data set by the same files, so between two of them differs ``vae`` alone, and with
it the number of channels that the denoiser takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.interface import BackboneConfig, LatentFacts, PeerConfig
from launchers.machines.command import StageCommand
from launchers.tables.subjects import Opened, Vae
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.run.folder import is_run, read_config

CHANNELS = "denoiser.latent_channels"


@dataclass(frozen=True, kw_only=True)
class LearnEntry:
    """How Latte learns a data set, whatever the VAE."""

    latents: str
    """A YAML of stage extract_latents; ``vae`` and ``train`` are set in it."""
    latte: str
    """A YAML of stage latte; ``latents`` and the denoiser's channels are set in it."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One VAE and one data set."""

    files: LearnEntry
    opened: Opened
    facts: LatentFacts | None
    """Channels and stride of the VAE's latents, where they are known before it is built."""
    real: str
    """Clips to learn."""
    folder: Path
    """What ``_latents`` and ``_latte`` are added to."""


def learning(lesson: Lesson, *, processes: int | None) -> tuple[Path, list[StageCommand]]:
    """The run folder of the Latte, and the commands that come to it.

    Raises:
        ConfigError: for clips of a size that the VAE does not have.
    """
    latents, latte = (Path(f"{lesson.folder}_{name}") for name in ("latents", "latte"))
    encode = StageCommand(
        config=Path(lesson.files.latents),
        sets={"run": str(latents), **lesson.opened.sets, "train": lesson.real},
        processes=processes,
    )
    sets: dict[str, Any] = {"run": str(latte), "latents": str(latents)}
    if lesson.facts is not None:
        sets[CHANNELS] = lesson.facts.channels
        _check_shape(encode.load(), lesson.facts, where=lesson.files.latents)
    learn = StageCommand(config=Path(lesson.files.latte), sets=sets, processes=processes)
    return latte, [encode, learn]


def _check_shape(config: Any, facts: LatentFacts, *, where: str) -> None:
    """Refuse clips that do not divide into the VAE's latents, before anything is encoded."""
    time, space = facts.stride
    if (config.frames - 1) % time or config.height % space or config.width % space:
        raise ConfigError(
            f"{where}: clips of {config.frames}x{config.height}x{config.width} do not divide into "
            f"latents of t{time}s{space}: frames must be 1 + n * {time}, height and width "
            f"multiples of {space}"
        )


def latent_facts(vae: Vae, made_by: tuple[str, ...]) -> LatentFacts | None:
    """What is known of a VAE's latents without building it.

    Args:
        vae: a run folder, a published folder, or a peer as plain data.
        made_by: YAML files of the stages that make it, if it need not be here.

    Raises:
        ConfigError: for a peer or a config that cannot be read.
    """
    if not isinstance(vae, str):
        try:
            return codec.decode(PeerConfig, vae, "vae").latents()
        except ValueError as error:
            raise ConfigError(f"vae: {error}") from None
    if is_run(Path(vae)):
        plain: Mapping[str, Any] = read_config(Path(vae))
        if "backbone" not in plain:
            return None  # a stage that is given this VAE says what is wrong with it
        backbone = codec.decode(BackboneConfig, plain["backbone"], "backbone")
    elif made_by:
        backbone = StageCommand(config=Path(made_by[-1])).load().backbone
    else:
        return None
    return _of_backbone(backbone)


def _of_backbone(config: BackboneConfig) -> LatentFacts:
    import torch  # as late as this: a table's help is printed without it

    with torch.device("meta"):
        built = config.build()
    return LatentFacts(channels=built.latent_channels, stride=built.stride)


def making(vae: Vae | None, made_by: tuple[str, ...], *, processes: int | None) -> list[Any]:
    """Commands that train a row's own VAE.

    Raises:
        ConfigError: if the last of them makes another run than ``vae``.
    """
    commands = [StageCommand(config=Path(path), processes=processes) for path in made_by]
    if commands and (run := commands[-1].load().run) != vae:
        raise ConfigError(f"made_by: {made_by[-1]} makes {run}, the row's vae is {vae}")
    return commands
