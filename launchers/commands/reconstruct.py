"""``pvvae reconstruct``: a video through a trained VAE."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Length, Number, Pixels
from launchers.arguments import UNTOUCHED, add_command, existing_file, number
from launchers.outputs import add_overwrite, check_output
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.autoencoder.long_video import Frames
    from pvvae.autoencoder.tiling import Tiling

EXAMPLE = """\
example:
  pvvae reconstruct holiday.mp4 rebuilt.mp4 --run runs/quickstart/cnn/decoder_finetune

The result has the length, size, shape of pixels and times of frames of the original, upright, and
no sound. Where times cannot be kept, a line says so. A backbone that streams (cnn, and
vit with block_causal attention) gives what it would give for the whole video at once, any other
one rebuilds clip by clip; either way memory does not grow with the length. Where a whole picture
does not fit, --tile cuts it into tiles that are blended where they meet. PSNR is measured on every
frame before the result is compressed.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    reconstruct = add_command(
        commands,
        "reconstruct",
        help="send a video through a trained VAE",
        more=EXAMPLE,
        run=_reconstruct,
        interrupted=UNTOUCHED,
    )
    reconstruct.add_argument("video", type=Path, metavar="IN.mp4")
    reconstruct.add_argument("out", type=Path, metavar="OUT.mp4")
    reconstruct.add_argument(
        "--run", type=Path, required=True, metavar="RUN", help="folder of a VAE stage"
    )
    reconstruct.add_argument(
        "--frames",
        type=number(Length),
        default=17,
        metavar="N",
        help="of one clip or the first chunk, 1 + a multiple of 4; fewer take less memory; "
        "default: 17",
    )
    reconstruct.add_argument(
        "--tile",
        type=number(Pixels),
        metavar="PIXELS",
        help="edge of a tile; default: pictures stay whole",
    )
    reconstruct.add_argument(
        "--overlap",
        type=number(Number),
        metavar="PIXELS",
        help="that neighbouring tiles share; default: a quarter of a tile",
    )
    add_overwrite(reconstruct)


def _reconstruct(arguments: argparse.Namespace) -> int:
    existing_file(arguments.video, "video")
    check_output(arguments.out, sources=[arguments.video], overwrite=arguments.overwrite)

    from pvvae import distributed
    from pvvae.autoencoder.long_video import Rebuilder, unit, valid_length
    from pvvae.data.video.timeline import read_timeline
    from pvvae.data.video.video import iterate_video, write_video
    from pvvae.metrics.psnr import frame_psnr
    from pvvae.pretrained.runs import load_vae
    from pvvae.run.progress_bar import progress

    facts = read_timeline(arguments.video)  # to the end, so that damage costs no computation
    vae = load_vae(arguments.run).to(distributed.device())
    valid_length(vae, arguments.frames, "--frames")
    tiling = _tiling(arguments.tile, arguments.overlap, stride=vae.backbone.stride.space)
    rebuilder = Rebuilder(vae, frames=arguments.frames, tiling=tiling)
    psnrs: list[float] = []
    with progress("reconstruct", facts.frames) as bar:

        def frames() -> "Iterator[Frames]":
            for clip, recon in rebuilder.rebuild(iterate_video(arguments.video, squared=False)):
                psnrs.extend(frame_psnr(unit(recon), unit(clip))[0].tolist())
                yield from recon
                bar.update(len(clip))

        write_video(
            arguments.out,
            frames(),
            fps=float(facts.rate),
            times=facts.times,
            aspect=facts.aspect,
        )
    if not facts.timed:
        print(facts.untimed(arguments.video))
    print(f"{arguments.out}: {len(psnrs)} frames, PSNR {sum(psnrs) / len(psnrs):.2f} dB")
    return 0


def _tiling(size: int | None, overlap: int | None, *, stride: int) -> "Tiling | None":
    """What the two options say; a quarter of a tile is shared unless told otherwise.

    Raises:
        ConfigError: naming the option.
    """
    from pvvae.autoencoder.tiling import Tiling

    if size is None:
        if overlap is not None:
            raise ConfigError("--overlap: needs --tile")
        return None
    for option, value in (("--tile", size), ("--overlap", overlap or 0)):
        if value % stride or value < 0:
            raise ConfigError(f"{option}: must be a multiple of {stride}, got {value}")
    shared = size // 4 // stride * stride if overlap is None else overlap
    try:
        return Tiling(size=size, overlap=shared)
    except ValueError as error:
        raise ConfigError(f"--overlap: {error}") from None
