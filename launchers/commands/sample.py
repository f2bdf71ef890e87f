"""``pvvae sample``: videos out of noise."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arch.ranges import Count, Range, Seed
from launchers.arguments import GOES_ON, add_command, number
from pvvae.errors import ConfigError
from pvvae.run.folder import is_finished, read_config

if TYPE_CHECKING:
    from arch.interface import PeerConfig
    from launchers.arguments import Commands
    from stages.generate import Config, Shown

EXAMPLE = """\
examples:
  pvvae sample --run runs/quickstart/cnn/latte --num 8
  pvvae sample --run runs/quickstart/cnn/latte --classes city,bikes --guidance 2 --seed 1

Writes an mp4 for each sample and a contact sheet of the first ones, or what --format names; the
same command with another --format shows the same samples. Sample i depends on the seed and on i
alone, so the same command makes the same videos, and a larger --num begins with the same ones.
"""


WORK = ".run"
"""Folder beside the samples from which the same command goes on. Hidden: no stage of a study."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    sample = add_command(
        commands,
        "sample",
        help="generate videos with a trained Latte",
        more=EXAMPLE,
        run=_sample,
        interrupted=GOES_ON,
    )
    sample.add_argument(
        "--run", type=Path, required=True, metavar="RUN", help="folder of a latte run"
    )
    sample.add_argument("--num", type=number(Count), default=8, metavar="N", help="default: 8")
    sample.add_argument("--classes", default="", metavar="A,B", help="names; default: all")
    sample.add_argument(
        "--steps",
        type=number(Annotated[int, Range(1, 1_000_000)]),
        default=100,
        metavar="N",
        help="of Euler; default: 100",
    )
    sample.add_argument(
        "--guidance",
        type=number(Annotated[float, Range(0.0, 1_000.0)]),
        default=1.0,
        metavar="W",
        help="1 is none",
    )
    sample.add_argument(
        "--time-shift",
        type=number(Count),
        metavar="N",
        help="key time_shift of the sampler; default: none",
    )
    sample.add_argument("--seed", type=number(Seed), default=0, metavar="N")
    sample.add_argument(
        "--format",
        default="mp4,sheet",
        metavar="A,B",
        help="of mp4, gif, frames (PNG) and sheet; default: mp4,sheet",
    )
    sample.add_argument(
        "--vae", type=Path, metavar="RUN", help="decodes; default: the VAE that made the latents"
    )
    sample.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: beside RUN, named by the settings"
    )


def _sample(arguments: argparse.Namespace) -> int:
    if "latents" not in (plain := read_config(arguments.run)):
        raise ConfigError(
            f"--run: {arguments.run} is a run of stage {plain['stage']}; sampling needs one of "
            "stage latte"
        )
    formats = _formats(arguments.format)

    from pvvae.denoiser.trained_run import latte_vae
    from pvvae.run.folder import check_same_config
    from stages import generate, program

    vae = str(arguments.vae) if arguments.vae else latte_vae(arguments.run)
    config = _config(arguments, vae)
    check_same_config(Path(config.run), program.resolved(config))
    if not is_finished(Path(config.run)):
        generate.run(config)
    out = Path(config.run).parent
    generate.show(Path(config.run), formats, out=out)
    print(f"{out}: {config.num} samples as {', '.join(formats)}")
    return 0


def _formats(text: str) -> "tuple[Shown, ...]":
    """What to look at, from words with commas between.

    Raises:
        ConfigError: for one that is not known.
    """
    from pvvae import config as codec
    from stages.generate import Shown

    words = [word for word in text.split(",") if word]
    if not words:
        raise ConfigError("--format: name one at least of mp4, gif, frames, sheet")
    return codec.decode(tuple[Shown, ...], words, "--format")


def _config(arguments: argparse.Namespace, vae: "str | PeerConfig") -> "Config":
    from pvvae.denoiser.rectified_flow import SamplerConfig
    from stages.generate import Config

    a = arguments
    classes = tuple(name for name in a.classes.split(",") if name)
    words = [f"n{a.num}", f"steps{a.steps}", f"guidance{a.guidance:g}", f"seed{a.seed}", *classes]
    words += [f"shift{a.time_shift}"] if a.time_shift else []
    words += [a.vae.name] if a.vae else []
    return Config(
        run=str((a.out or a.run.with_name(f"{a.run.name}_samples") / "_".join(words)) / WORK),
        seed=a.seed,
        latte=str(a.run),
        vae=vae,
        num=a.num,
        sampler=SamplerConfig(steps=a.steps, guidance=a.guidance, time_shift=a.time_shift),
        classes=classes,
        formats=(),
    )
