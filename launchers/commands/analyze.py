"""``pvvae analyze``: what latents look like and foretell, side by side for many VAEs."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Length, Number, Seed
from launchers.arguments import GOES_ON, add_command, number, rows_and_columns
from launchers.outputs import add_overwrite, claim_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from arch.interface import PeerConfig
    from launchers.arguments import Commands, Parser
    from pvvae.analysis.clips import AnalysedClips

LATENTS = """\
examples:
  pvvae analyze latents runs/cnn runs/vit --clips scenes/held_out --size 64x64
  pvvae analyze latents runs/mine configs/peers/wan2.2.yaml --clips kinetics/val --out latents

A RUN is the folder of a VAE stage, a folder that `pvvae export --format pretrained` wrote, or a
YAML with `vae:`, as in configs/peers. All see the same clips. Their latents are shown as colours
beside the clip and its optical flow (Figures 1c and 4), and measured: how far they move in time
(Figure 5c, d), how strong they are where the video moves, which channels are used, how their
variance spreads, VIV, SEC, LDS and CDS. Flow is the truth on clips of `pvvae data scenes`, OpenCV's
DIS elsewhere.

Writes OUT/index.html, OUT/analysis.json and OUT/pictures. Killed and given again, the command goes
on from the clips that are kept in OUT/measured, and finds the same numbers.
"""
PREDICTION = """\
examples:
  pvvae analyze prediction runs/mine runs/twin --clips scenes/held_out --size 64x64
  pvvae analyze prediction runs/mine --clips kinetics/val --observed 5 9 13

Futures beside the truth (Figure 6), and their error frame by frame, on what moves and on what
stands still, beside three rivals: the last frame seen, repeated; that frame moved on at its own
velocity; and the VAE's own reconstruction of the whole clip, which is the floor. What moves, and
how fast, is the truth on clips of `pvvae data scenes`, OpenCV's DIS elsewhere.

Writes OUT/index.html, OUT/analysis.json and OUT/films. Killed and given again, the command goes on
from the clips that are kept in OUT/measured, and finds the same numbers.
"""
EXAMPLE = "example:\n  pvvae analyze latents runs/mine --clips kinetics/val --out latents\n"


def add(commands: "Commands") -> None:
    """Declare the command and what it analyses."""
    analyze = add_command(
        commands,
        "analyze",
        help="look into latents and predictions of VAEs, side by side",
        more=EXAMPLE,
        run=lambda _: 0,
        interrupted=GOES_ON,
    )
    inner = analyze.add_subparsers(required=True, metavar="WHAT", parser_class=type(analyze))
    latents = add_command(
        inner,
        "latents",
        help="pictures and numbers of latents",
        more=LATENTS,
        run=_latents,
        interrupted=GOES_ON,
    )
    _add_clips(latents, out="latents")
    latents.add_argument(
        "--basis",
        choices=("own", "shared"),
        default="own",
        help="colours: each VAE's own components, or one set for all; default: own",
    )
    prediction = add_command(
        inner,
        "prediction",
        help="futures beside the truth and three rivals",
        more=PREDICTION,
        run=_prediction,
        interrupted=GOES_ON,
    )
    _add_clips(prediction, out="prediction")
    prediction.add_argument(
        "--observed",
        nargs="+",
        type=number(Length),
        metavar="N",
        help="frames shown, one or more numbers; default: about half of the groups",
    )


def _add_clips(parser: "Parser", *, out: str) -> None:
    """The words that say whose clips are looked at, which, and where the answer goes."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folder, or a peer")
    parser.add_argument(
        "--clips",
        type=Path,
        required=True,
        metavar="CLIPS",
        help="folder of shards, of videos or of frames, or a list of them",
    )
    parser.add_argument(
        "--num", type=number(Count), default=1000, metavar="N", help="of clips; default: 1000"
    )
    parser.add_argument(
        "--frames", type=number(Length), default=17, metavar="N", help="of a clip; default: 17"
    )
    parser.add_argument("--size", default="256x256", metavar="HxW", help="default: 256x256")
    parser.add_argument(
        "--seed", type=number(Seed), default=0, metavar="N", help="of the draw; default: 0"
    )
    parser.add_argument(
        "--flow",
        choices=("truth", "dis"),
        help="how pixels move; default: the truth where it is known, else DIS",
    )
    parser.add_argument(
        "--shown", type=number(Number), default=6, metavar="N", help="clips on the page; default: 6"
    )
    parser.add_argument("--out", type=Path, default=Path(out), metavar="OUT", help="a folder")
    add_overwrite(parser)


def _latents(arguments: argparse.Namespace) -> int:
    _claim(arguments, "latents", ["index.html", "analysis.json", "pictures"])

    from pvvae.analysis.latents import analyse_latents, forget
    from pvvae.report.latents.page import text_table, write_page
    from pvvae.report.latents.pictures import pictures, write_pictures

    sources = _sources(arguments.runs)
    clips = _clips(arguments)
    found = analyse_latents(sources, clips, arguments.out)
    made = pictures(found, clips, shown=arguments.shown, basis=arguments.basis)
    write_pictures(made, arguments.out / "pictures")
    page = write_page(found, made, arguments.out)
    forget(arguments.out)
    print(text_table(found))
    print(page)
    return 0


def _prediction(arguments: argparse.Namespace) -> int:
    _claim(arguments, "prediction", ["index.html", "analysis.json", "films"])

    from pvvae.analysis.latents import forget
    from pvvae.analysis.prediction import analyse_prediction
    from pvvae.report.prediction.page import films, text_table, write_films, write_page

    sources = _sources(arguments.runs)
    clips = _clips(arguments)
    observed = dict.fromkeys(arguments.observed) if arguments.observed else [None]
    found = analyse_prediction(sources, clips, list(observed), arguments.out)
    made = films(sources, clips, found, shown=arguments.shown)
    write_films(made, arguments.out / "films")
    page = write_page(found, made, arguments.out)
    forget(arguments.out)
    print(text_table(found))
    print(page)
    return 0


def _claim(arguments: argparse.Namespace, what: str, names: Sequence[str]) -> None:
    if arguments.out.is_file():
        raise ConfigError(f"--out: {arguments.out} is a file; name a folder")
    runs = ", ".join(str(run.resolve()) for run in arguments.runs)
    made_by = f"pvvae analyze {what} of {runs} on {arguments.clips.resolve()}"
    claim_folder(arguments.out, made_by, names=names, overwrite=arguments.overwrite)


def _clips(arguments: argparse.Namespace) -> "AnalysedClips":
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
        ),
        notes=arguments.out / MEASURED,
    )


def _sources(runs: Sequence[Path]) -> dict[str, "str | PeerConfig"]:
    """By the label that a page gives it, what each RUN is."""
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
