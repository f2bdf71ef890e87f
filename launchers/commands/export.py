"""``pvvae export``: a trained network for use elsewhere."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
examples:
  pvvae export runs/cnn/predictive vae.safetensors
  pvvae export runs/cnn/predictive vae.safetensors --step 40000
  pvvae export runs/cnn/predictive d.safetensors --network discriminator
  pvvae export runs/cnn/decoder_finetune vae --format pretrained --latents runs/cnn/extract_latents

Whole fp32 weights under the names of the network's state_dict; averaged ones where the run keeps
an average. The checkpoint is verified first. Needs no GPU and no memory to speak of.

safetensors: one file of weights. pretrained: a folder of config.json and weights for
pvvae.autoencoder.Autoencoder.from_pretrained, or pvvae.diffusers.AutoencoderPV in pipelines of
diffusers; commands that want the folder of a VAE stage take it too.
"""
FORMATS = ("safetensors", "pretrained")


def add(commands: "Commands") -> None:
    """Declare the command."""
    export = add_command(
        commands,
        "export",
        help="write a trained network for use elsewhere",
        more=EXAMPLE,
        run=_export,
    )
    export.add_argument("run", type=Path, metavar="RUN", help="folder of a trained stage")
    export.add_argument(
        "out", type=Path, metavar="OUT", help="a file; a folder, but for safetensors"
    )
    export.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help="default: safetensors"
    )
    export.add_argument("--step", type=int, metavar="N", help="default: the newest checkpoint")
    export.add_argument(
        "--network",
        metavar="NAME",
        help="for safetensors: vae, discriminator or denoiser; default: what it trained",
    )
    export.add_argument(
        "--latents",
        type=Path,
        metavar="RUN",
        help="for pretrained: a run of extract_latents, whose means and deviations go along",
    )


def _export(arguments: argparse.Namespace) -> int:
    for option, formats in OPTIONS.items():
        given = {"--network": arguments.network, "--latents": arguments.latents}[option]
        if given is not None and arguments.format not in formats:
            raise ConfigError(f"{option}: is for --format {' or '.join(formats)} alone")
    if arguments.format == "safetensors":
        return _weights(arguments)
    return _pretrained(arguments)


OPTIONS = {"--network": ("safetensors",), "--latents": ("pretrained",)}
"""Options that not every format has."""


def _weights(arguments: argparse.Namespace) -> int:
    """One file, as the checkpoint has it."""
    from pvvae.files import write_atomic
    from pvvae.pretrained import checkpoint_of

    run, out = arguments.run, arguments.out
    found = checkpoint_of(run, arguments.step)
    names = sorted(path.stem for path in found.folder.glob("*.safetensors"))
    name = arguments.network or next((n for n in ("vae", "denoiser") if n in names), None)
    if name not in names:
        raise ConfigError(f"{found.folder}: holds no {name}; it has {', '.join(names)}")
    if out.is_dir():
        raise ConfigError(f"{out}: is a folder; name a file, like {out / name}.safetensors")
    source = found.folder / f"{name}.safetensors"

    def copy(partial: Path) -> None:
        shutil.copyfile(source, partial)

    write_atomic(out, copy)
    print(f"{out}: {name} of {run} after {found.step} steps")
    return 0


def _pretrained(arguments: argparse.Namespace) -> int:
    """``config.json`` and the weights."""
    from pvvae.autoencoder import Autoencoder

    vae = Autoencoder.from_run(arguments.run, latents=arguments.latents, step=arguments.step)
    vae.save_pretrained(arguments.out)
    measured = vae.config.latents_measured_on
    statistics = f"latents of {measured}" if measured else "no statistics of latents (--latents)"
    print(f"{arguments.out}: VAE of {arguments.run}, {statistics}")
    return 0
