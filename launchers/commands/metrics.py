"""``pvvae metrics``: how far one folder of clips is from another, by any maker."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Length, Seed
from launchers.arguments import GOES_ON, add_command, number, rows_and_columns
from launchers.outputs import add_overwrite, check_output
from pvvae.errors import ConfigError
from pvvae.evaluation.folders.question import FIRST16, METRICS, OF_PAIRS, Question

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = f"""\
examples:
  pvvae metrics originals rebuilt --metrics psnr ssim lpips rfvd --json OUT.json
  pvvae metrics UCF-101 samples --metrics fvd kvd is --size 256x256 --frames first16 --num 2048
  pvvae metrics originals predicted --metrics psnr lpips --observed 9

A holds the real clips or the originals, B the generated clips or the reconstructions: videos,
folders of frames, or .npy clips (uint8, T H W C), which alone lose nothing for certain; videos have
been through a codec, and that counts as error. {", ".join(OF_PAIRS)} compare clips of one
name in A and B; the others compare sets, of any numbers, and are best compared at equal ones.

Everything that moves a value is in the protocol in OUT.json. Killed and given again, the command
goes on from the clips that are kept beside it, in OUT.json.measured, and gives the same values.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    metrics = add_command(
        commands,
        "metrics",
        help="measure two folders of clips",
        more=EXAMPLE,
        run=_metrics,
        interrupted=GOES_ON,
    )
    metrics.add_argument("real", type=Path, metavar="A", help="real clips, or originals")
    metrics.add_argument(
        "generated", type=Path, metavar="B", help="generated clips, or reconstructions"
    )
    metrics.add_argument(
        "--metrics",
        nargs="+",
        choices=METRICS,
        default=["fvd", "kvd"],
        metavar="NAME",
        help=f"of {' '.join(METRICS)}; default: fvd kvd",
    )
    metrics.add_argument(
        "--frames", default="all", metavar="N", help=f"of each clip: all, {FIRST16} or a number"
    )
    metrics.add_argument(
        "--size", metavar="HxW", help="resize to cover this and crop the centre; default: as it is"
    )
    metrics.add_argument(
        "--num", type=number(Count), metavar="N", help="clips of each side; default: all"
    )
    metrics.add_argument(
        "--seed", type=number(Seed), default=0, help="of the draw of --num; default: 0"
    )
    metrics.add_argument(
        "--observed",
        type=number(Length),
        metavar="N",
        help="frames that were shown; later ones: predicted",
    )
    metrics.add_argument(
        "--c3d",
        type=Path,
        metavar="FILE",
        help="C3D's weights (`pvvae weights`): is over its classes",
    )
    metrics.add_argument(
        "--i3d", type=Path, metavar="FILE", help="I3D's weights; default: the installed package's"
    )
    metrics.add_argument("--c3d-mean", type=Path, metavar="FILE", help="and its mean cube")
    metrics.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1; default: cuda if any")
    metrics.add_argument("--json", type=Path, metavar="OUT", help="write results and protocol")
    add_overwrite(metrics)


def _metrics(arguments: argparse.Namespace) -> int:
    question = Question(
        real=arguments.real,
        generated=arguments.generated,
        metrics=tuple(name for name in METRICS if name in arguments.metrics),
        frames=_frames(arguments.frames),
        size=None if arguments.size is None else rows_and_columns("--size", arguments.size),
        num=arguments.num,
        seed=arguments.seed,
        observed=arguments.observed,
        i3d=arguments.i3d,
        c3d=arguments.c3d,
        c3d_mean=arguments.c3d_mean,
    )

    if arguments.json is not None and arguments.json.is_dir():
        raise ConfigError(f"--json: {arguments.json} is a folder; name a file")
    if arguments.json is not None:
        sources = [question.real, question.generated, question.i3d, question.c3d]
        check_output(arguments.json, sources=sources, overwrite=arguments.overwrite)

    from pvvae.evaluation.folders.measure import table
    from pvvae.evaluation.folders.run import measure_sets

    results = measure_sets(question, device=_device(arguments.device), out=arguments.json)
    print(table(results))
    return 0


def _frames(word: str) -> int | str:
    if word in ("all", FIRST16):
        return word
    if not word.removeprefix("-").isdecimal():
        raise ConfigError(f"--frames: must be all, {FIRST16} or a number, got {word!r}")
    try:
        return int(number(Length)(word))
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"--frames: {error}") from None


def _device(name: str | None) -> str:
    import torch

    from pvvae import distributed

    if name is None:
        return str(distributed.device())
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"--device: {name} cannot be used here ({reason})") from None
    return name
