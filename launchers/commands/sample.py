"""``pvvae sample``: videos out of noise."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command
from pvvae.errors import ConfigError
from pvvae.run_folder import is_finished, read_config

if TYPE_CHECKING:
    from arch.interface import PeerConfig
    from launchers.words import Commands
    from stages.generate import Config

EXAMPLE = """\
examples:
  pvvae sample --run runs/quickstart/cnn/latte --num 8
  pvvae sample --run runs/quickstart/cnn/latte --classes city,bikes --guidance 2 --seed 1

Writes an mp4 for each sample and a contact sheet. Sample i depends on the seed and on i alone,
so the same command makes the same videos, and a larger --num begins with the same ones.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    sample = add_command(
        commands, "sample", help="generate videos with a trained Latte", more=EXAMPLE, run=_sample
    )
    sample.add_argument(
        "--run", type=Path, required=True, metavar="RUN", help="folder of a latte run"
    )
    sample.add_argument("--num", type=int, default=8, metavar="N", help="default: 8")
    sample.add_argument("--classes", default="", metavar="A,B", help="names; default: all")
    sample.add_argument(
        "--steps", type=int, default=100, metavar="N", help="of Euler; default: 100"
    )
    sample.add_argument("--guidance", type=float, default=1.0, metavar="W", help="1 is none")
    sample.add_argument("--seed", type=int, default=0, metavar="N")
    sample.add_argument(
        "--vae", type=Path, metavar="RUN", help="decodes; default: the VAE that made the latents"
    )
    sample.add_argument(
        "--out", type=Path, metavar="FOLDER", help="default: beside RUN, named by the settings"
    )


def _sample(arguments: argparse.Namespace) -> int:
    latents_vae = vae_of(arguments.run)
    if arguments.num < 1:
        raise ConfigError(f"--num: must be 1 or more, got {arguments.num}")

    from pvvae.run_folder import check_same_config
    from stages import generate, program

    config = _config(arguments, str(arguments.vae) if arguments.vae else latents_vae)
    check_same_config(Path(config.run), program.resolved(config))
    if not is_finished(Path(config.run)):
        generate.run(config)
    print(_write_videos(Path(config.run)))
    return 0


def vae_of(latte: Path) -> "str | PeerConfig":
    """The run folder of the VAE that made the latents of a Latte run, or the peer that did.

    Raises:
        ConfigError: if ``latte`` is no run of a denoiser, or a folder on the way is gone.
    """
    plain = read_config(latte)
    if "latents" not in plain:
        raise ConfigError(
            f"--run: {latte} is a run of stage {plain['stage']}; sampling needs one of stage latte"
        )
    from pvvae.others import vae_of_latents

    return vae_of_latents(Path(plain["latents"]))


def _config(arguments: argparse.Namespace, vae: "str | PeerConfig") -> "Config":
    from pvvae.flow import SamplerConfig
    from stages.generate import Config

    a = arguments
    classes = tuple(name for name in a.classes.split(",") if name)
    words = [f"n{a.num}", f"steps{a.steps}", f"guidance{a.guidance:g}", f"seed{a.seed}", *classes]
    words += [a.vae.name] if a.vae else []
    return Config(
        run=str(a.out or a.run.with_name(f"{a.run.name}_samples") / "_".join(words)),
        seed=a.seed,
        latte=str(a.run),
        vae=vae,
        num=a.num,
        sampler=SamplerConfig(steps=a.steps, guidance=a.guidance),
        classes=classes,
    )


def _write_videos(run: Path) -> str:
    """An mp4 beside the contact sheet for each sample; where to look."""
    import json

    import numpy as np

    from pvvae.data.video import write_video
    from pvvae.held_out import SAMPLE_FPS

    labels = json.loads((run / "labels.json").read_text())
    clips = sorted((run / "clips").glob("*.npy"))
    for path, label in zip(clips, labels, strict=True):
        name = "_".join([path.stem, *([label] if label else [])])
        write_video(run / "samples" / f"{name}.mp4", np.load(path), fps=SAMPLE_FPS)
    return f"{run / 'samples'}: {len(clips)} videos, and all of them in contact_sheet.mp4"
