"""``pvvae export``: a trained network for use elsewhere."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Length, Step
from launchers.arguments import add_command, number
from launchers.outputs import add_overwrite, check_output
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.autoencoder import Autoencoder

EXAMPLE = """\
examples:
  pvvae export runs/cnn/predictive vae.safetensors
  pvvae export runs/cnn/predictive vae.safetensors --step 40000
  pvvae export runs/cnn/predictive d.safetensors --network discriminator
  pvvae export runs/cnn/decoder_finetune vae --format pretrained --latents runs/cnn/extract_latents
  pvvae export runs/finetune/wan2.2/predictive wan --format diffusers
  pvvae export vae vae_onnx --format onnx --clip 17x256x256 --stream 16

Whole fp32 weights; averaged ones where the run keeps an average. The checkpoint is verified first.
Needs no GPU.

safetensors: one file of weights, under the names of the network's state_dict. pretrained: a folder
of config.json and weights for pvvae.autoencoder.Autoencoder.from_pretrained, or in pipelines of
diffusers pvvae.diffusers.AutoencoderPV; commands that want the folder of a VAE stage take it too.
diffusers: a folder of diffusers' own class, of a backbone that is one of its VAEs (wan), without
the pad. Its latents_mean and latents_std are 0 and 1, as training moves latents: extract_latents
measures them.
torch-export, onnx: a folder of graphs of fixed shapes, encoder and decoder, that run without this
project; its README.md says how to call them. With --stream they take a video of any length in
chunks, and what must be remembered goes in and out.
"""
FORMATS = ("safetensors", "pretrained", "diffusers", "torch-export", "onnx")
GRAPHS = ("torch-export", "onnx")
OPTIONS = {
    "--network": ("safetensors",),
    "--latents": ("pretrained", *GRAPHS),
    "--clip": GRAPHS,
    "--stream": GRAPHS,
}
"""Options that not every format has."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    export = add_command(
        commands,
        "export",
        help="write a trained network for use elsewhere",
        more=EXAMPLE,
        run=_export,
    )
    export.add_argument(
        "run", type=Path, metavar="RUN", help="folder of a trained stage, or a pretrained one"
    )
    export.add_argument(
        "out", type=Path, metavar="OUT", help="a file; a folder, but for safetensors"
    )
    export.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help="default: safetensors"
    )
    export.add_argument(
        "--step", type=number(Step), metavar="N", help="default: the newest checkpoint"
    )
    export.add_argument(
        "--network",
        metavar="NAME",
        help="for safetensors: vae, discriminator or denoiser; default: what it trained",
    )
    export.add_argument(
        "--latents",
        type=Path,
        metavar="RUN",
        help="a run of extract_latents, whose means and deviations go along",
    )
    export.add_argument(
        "--clip", metavar="TxHxW", help="what a graph takes, or takes first; default: 17x256x256"
    )
    export.add_argument(
        "--stream",
        type=number(Length),
        metavar="FRAMES",
        help="of each chunk after the first; default: no stream",
    )
    add_overwrite(export)


def _export(arguments: argparse.Namespace) -> int:
    given = {
        "--network": arguments.network,
        "--latents": arguments.latents,
        "--clip": arguments.clip,
        "--stream": arguments.stream,
    }
    for option, formats in OPTIONS.items():
        if given[option] is not None and arguments.format not in formats:
            raise ConfigError(f"{option}: needs --format {' or '.join(formats)}")
    check_output(
        arguments.out,
        sources=[arguments.run, arguments.latents],
        overwrite=arguments.overwrite,
        whole=arguments.format != "safetensors",
    )
    if arguments.format == "safetensors":
        return _weights(arguments)
    if arguments.format == "pretrained":
        return _pretrained(arguments)
    if arguments.format == "diffusers":
        return _backbone(arguments)
    return _graphs(arguments)


def _weights(arguments: argparse.Namespace) -> int:
    """One file, as the checkpoint has it."""
    from pvvae.files import write_atomic
    from pvvae.pretrained.runs import checkpoint_of

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
    vae = _autoencoder(arguments)
    vae.save_pretrained(arguments.out)
    measured = vae.config.latents_measured_on
    statistics = f"latents of {measured}" if measured else "no statistics of latents (--latents)"
    print(f"{arguments.out}: VAE of {arguments.run}, {statistics}")
    return 0


def _backbone(arguments: argparse.Namespace) -> int:
    """A folder of the backbone's own class."""
    from pvvae.pretrained.vae_source import export_backbone

    step = export_backbone(arguments.run, arguments.out, step=arguments.step)
    print(f"{arguments.out}: backbone of {arguments.run} after {step} steps, without its pad")
    return 0


def _graphs(arguments: argparse.Namespace) -> int:
    """Encoder and decoder as graphs."""
    from launchers.bench.models import clip_of
    from pvvae.autoencoder.export.folder import check_installed, write_graphs
    from pvvae.autoencoder.export.graphs import Size, stream, whole_clip

    frames, height, width = clip_of(arguments.clip or "17x256x256")  # the paper's, section 4.1
    size = Size(frames=frames, height=height, width=width)
    check_installed(arguments.format)
    vae = _autoencoder(arguments)
    backbone, config = vae.vae.backbone, vae.config.backbone
    if arguments.stream is None:
        graphs = whole_clip(backbone, config, size)
    else:
        graphs = stream(backbone, config, size, later=arguments.stream)
    write_graphs(
        arguments.out,
        graphs,
        vae.config,
        format=arguments.format,
        overwrite=arguments.overwrite,
    )
    print(f"{arguments.out}: {', '.join(graph.name for graph in graphs)} of {arguments.run}")
    return 0


def _autoencoder(arguments: argparse.Namespace) -> "Autoencoder":
    """The VAE of a run, or of a folder that this command wrote before."""
    import torch

    from pvvae.autoencoder import Autoencoder
    from pvvae.pretrained.published import is_published

    if not is_published(arguments.run):
        return Autoencoder.from_run(arguments.run, latents=arguments.latents, step=arguments.step)
    for option, value in (("--latents", arguments.latents), ("--step", arguments.step)):
        if value is not None:
            raise ConfigError(f"{option}: needs a run, {arguments.run} is a pretrained folder")
    return Autoencoder.from_pretrained(arguments.run, torch_dtype=torch.float32)
