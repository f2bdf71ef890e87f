"""What cutting pictures into tiles costs: decibels where tiles meet, and time."""

import argparse
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arch.ranges import Length, Number, Pixels
from launchers.arguments import existing_file, number
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from pvvae.autoencoder.long_video import Frames
    from pvvae.model import PredictiveVAE

HELP = "what cutting pictures into tiles costs, in dB and time"
EXAMPLE = """\
example:
  pvvae bench tiles --run runs/quickstart/cnn/decoder_finetune --video in.mp4 --tile 256

The first clip of a video goes through a trained VAE whole, and in tiles with each overlap. PSNR is
taken against the whole picture's reconstruction (what the seams are) and against the video (what
they do to it), within 16 pixels of a tile's edge and elsewhere.
"""
NEAR = 16
"""Pixels to both sides of an edge. Ours: a latent cell, which is all of an overlap of 32."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help="of a VAE stage")
    parser.add_argument("--video", type=Path, required=True, metavar="IN.mp4")
    parser.add_argument(
        "--tile", type=number(Pixels), default=256, metavar="PIXELS", help="default: 256"
    )
    parser.add_argument(
        "--overlaps",
        type=number(Number),
        nargs="+",
        default=[0, 32, 64],
        metavar="PIXELS",
        help="default: 0 32 64",
    )
    parser.add_argument(
        "--frames", type=number(Length), default=17, metavar="N", help="default: 17"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure.

    Returns:
        ``ratios``: ``overlap N/whole``, above 1 where tiles are faster; ``overlaps``: decibels.

    Raises:
        ConfigError: for a video or a run that is none, or tiles that do not fit together.
    """
    import numpy as np

    from pvvae import distributed
    from pvvae.autoencoder.long_video import valid_length
    from pvvae.data.video.video import iterate_video
    from pvvae.pretrained.runs import load_vae

    existing_file(arguments.video, "video")
    vae = load_vae(arguments.run).to(distributed.device())
    valid_length(vae, arguments.frames, "--frames")
    clip = np.stack(list(islice(iterate_video(arguments.video), arguments.frames)))
    seams = {n: _seams(vae, clip, (arguments.tile, n)) for n in arguments.overlaps}
    whole, seconds = _rebuilt(vae, clip, None)
    ratios, overlaps = {}, {}
    for overlap, near in seams.items():
        tiled, taken = _rebuilt(vae, clip, (arguments.tile, overlap))
        ratios[f"overlap {overlap}/whole"] = seconds / taken
        overlaps[str(overlap)] = {
            "seams": _psnr(tiled, whole, near),
            "elsewhere": _psnr(tiled, whole, ~near),
            "video at seams": _psnr(tiled, clip, near),
            "video at seams, whole": _psnr(whole, clip, near),
        }
    size = list(clip.shape[:3])
    return {
        "ratios": ratios,
        "overlaps": overlaps,
        "protocol": {"clip": size, "tile": arguments.tile},
    }


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    lines = [
        f"{'overlap':>8} {'seams':>8} {'elsewhere':>10} {'video, at seams':>16} {'whole there':>12}"
    ]
    for overlap, found in result["overlaps"].items():
        lines.append("{:>8} {:8.2f} {:10.2f} {:16.2f} {:12.2f}".format(overlap, *found.values()))
    return "\n".join(lines + [f"{name}: {value:.3f}" for name, value in result["ratios"].items()])


def _rebuilt(
    vae: "PredictiveVAE", clip: "Frames", tiling: tuple[int, int] | None
) -> "tuple[Frames, float]":
    from pvvae.autoencoder.long_video import Rebuilder

    began = time.perf_counter()
    rebuilder = Rebuilder(vae, frames=len(clip), tiling=None if tiling is None else _tiling(tiling))
    ((_, recon),) = rebuilder.rebuild(clip)
    return recon, time.perf_counter() - began


def _tiling(tiling: tuple[int, int]) -> Any:
    from pvvae.autoencoder.tiling import Tiling

    try:
        return Tiling(size=tiling[0], overlap=tiling[1])
    except ValueError as error:
        raise ConfigError(f"--overlaps: {error}") from None


def _seams(vae: "PredictiveVAE", clip: "Frames", tiling: tuple[int, int]) -> "Tensor":
    from pvvae.autoencoder.tiling import Tiles

    stride = vae.backbone.stride.space
    height, width = (-(-size // stride) * stride for size in clip.shape[1:3])
    try:
        near = Tiles(height, width, _tiling(tiling), stride=stride).near_edges(NEAR)
    except ValueError as error:
        raise ConfigError(f"--tile, --overlaps: {error}") from None
    return near[: clip.shape[1], : clip.shape[2]]


def _psnr(one: "Frames", two: "Frames", where: "Tensor") -> float:
    """In dB over the pixels ``where`` of all frames; 100 at most, as everywhere."""
    import numpy as np

    chosen = where.numpy()
    if not chosen.any():
        raise ConfigError("--tile: the picture is no larger than a tile")
    error = np.square((one[:, chosen].astype(float) - two[:, chosen].astype(float)) / 255).mean()
    return float(-10 * np.log10(max(error, 1e-10)))
