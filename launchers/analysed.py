"""Words that commands about analysed VAEs share: whose latents, on which clips, and where to."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Length, Number, Seed
from launchers.arguments import number, rows_and_columns
from launchers.outputs import add_overwrite, claim_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from arch.interface import PeerConfig
    from launchers.arguments import Parser
    from pvvae.analysis.clips import AnalysedClips
    from pvvae.data.evaluation.sintel import Part


def add_clips(parser: "Parser", *, out: str, num: int = 1000, shown: bool = True) -> None:
    """Declare whose latents are looked at, on which clips, and where the answer goes.

    Args:
        parser: of the command.
        out: default folder.
        num: default number of clips.
        shown: whether there is a page of clips and their flow.
    """
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folder, or a peer")
    parser.add_argument(
        "--clips",
        type=Path,
        required=True,
        metavar="CLIPS",
        help="folder of shards, of videos or of frames, or a list of them",
    )
    parser.add_argument(
        "--num", type=number(Count), default=num, metavar="N", help=f"of clips; default: {num}"
    )
    parser.add_argument(
        "--frames", type=number(Length), default=17, metavar="N", help="of a clip; default: 17"
    )
    parser.add_argument("--size", default="256x256", metavar="HxW", help="default: 256x256")
    parser.add_argument(
        "--seed", type=number(Seed), default=0, metavar="N", help="of the draw; default: 0"
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="what scenes were made of; default: the packaged ones",
    )
    if shown:
        parser.add_argument(
            "--flow",
            choices=("truth", "dis"),
            help="how pixels move; default: the truth where it is known, else DIS",
        )
        parser.add_argument(
            "--shown",
            type=number(Number),
            default=6,
            metavar="N",
            help="clips on the page; default: 6",
        )
    parser.add_argument("--out", type=Path, default=Path(out), metavar="OUT", help="a folder")
    add_overwrite(parser)


def claim_pages(arguments: argparse.Namespace, what: str, names: Sequence[str]) -> None:
    """Take the folder that the answer goes to.

    Args:
        arguments: with ``out``, ``runs``, ``clips`` and ``overwrite``.
        what: the command, without ``pvvae``.
        names: of what it writes.

    Raises:
        ConfigError: if something else is there.
    """
    if arguments.out.is_file():
        raise ConfigError(f"--out: {arguments.out} is a file; name a folder")
    runs = ", ".join(str(run.resolve()) for run in arguments.runs)
    made_by = f"pvvae {what} of {runs} on {arguments.clips.resolve()}"
    claim_folder(arguments.out, made_by, names=names, overwrite=arguments.overwrite)


def clips_of(arguments: argparse.Namespace, *, part: "Part | None" = None) -> "AnalysedClips":
    """The clips that are asked for.

    Args:
        arguments: of the command.
        part: which of Sintel's scenes; None is all.

    Raises:
        ConfigError: if there are none that can be used.
    """
    from pvvae.analysis.clips import AnalysedClips, ClipQuestion
    from pvvae.analysis.latents import MEASURED

    height, width = rows_and_columns("--size", arguments.size)
    return AnalysedClips(
        ClipQuestion(
            where=arguments.clips,
            num=arguments.num,
            frames=arguments.frames,
            height=height,
            width=width,
            seed=arguments.seed,
            flow=arguments.flow,
            pictures=arguments.pictures,
            part=part,
        ),
        notes=arguments.out / MEASURED,
    )


def sources_of(runs: Sequence[Path]) -> dict[str, "str | PeerConfig"]:
    """By the label that a page gives it, what each RUN is.

    Raises:
        ConfigError: if one is named twice, or a YAML has no ``vae:``.
    """
    from arch.interface import PeerConfig
    from pvvae import config as codec

    found: dict[str, str | PeerConfig] = {}
    for label, run in zip(labels_of(runs), runs, strict=True):
        if run.suffix not in (".yaml", ".yml"):
            found[label] = str(run)
            continue
        plain = codec.read_yaml(run)
        if not isinstance(plain.get("vae"), str | dict):
            raise ConfigError(f"{run}: has no vae")
        codec.load_plugins(plain)
        vae = plain["vae"]
        found[label] = vae if isinstance(vae, str) else codec.decode(PeerConfig, vae, "vae")
    return found


def labels_of(runs: Sequence[Path]) -> list[str]:
    """The last parts of each path, as few as tell them apart.

    Raises:
        ConfigError: if one is named twice.
    """
    parts = [run.resolve().parts for run in runs]
    if len(set(parts)) < len(parts):
        twice = next(run for run, own in zip(runs, parts, strict=True) if parts.count(own) > 1)
        raise ConfigError(f"{twice}: is named twice")
    labels = []
    for own in parts:
        length = 1
        while sum(other[-length:] == own[-length:] for other in parts) > 1:
            length += 1
        labels.append("/".join(own[-length:]).removesuffix(".yaml").removesuffix(".yml"))
    return labels
