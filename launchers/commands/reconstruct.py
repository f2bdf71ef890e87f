"""``pvvae reconstruct``: a video through a trained VAE."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command, existing_file

if TYPE_CHECKING:
    from launchers.whole_video import Frames
    from launchers.words import Commands
    from pvvae.model import PredictiveVAE

EXAMPLE = """\
example:
  pvvae reconstruct holiday.mp4 rebuilt.mp4 --run runs/quickstart/cnn/decoder_finetune

The result has the length, size and frame rate of the original. It is rebuilt in consecutive
clips; PSNR is measured on every frame before the result is compressed.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    reconstruct = add_command(
        commands,
        "reconstruct",
        help="send a video through a trained VAE",
        more=EXAMPLE,
        run=_reconstruct,
    )
    reconstruct.add_argument("video", type=Path, metavar="IN.mp4")
    reconstruct.add_argument("out", type=Path, metavar="OUT.mp4")
    reconstruct.add_argument(
        "--run", type=Path, required=True, metavar="RUN", help="folder of a VAE stage"
    )
    reconstruct.add_argument(
        "--frames", type=int, default=17, metavar="N", help="of one clip; default: 17"
    )


def _reconstruct(arguments: argparse.Namespace) -> int:
    existing_file(arguments.video, "video")

    from launchers.whole_video import valid_length
    from pvvae import distributed
    from pvvae.data.video import count_frames, probe, write_video
    from pvvae.pretrained import load_vae
    from pvvae.progress import progress

    facts = probe(arguments.video)
    total = facts.frames or count_frames(arguments.video)
    vae = load_vae(arguments.run).to(distributed.device())
    valid_length(vae, arguments.frames, "--frames")
    psnrs: list[float] = []
    with progress("reconstruct", total) as bar:

        def frames() -> "Iterator[Frames]":
            for clip in _rebuilt(vae, arguments.video, arguments.frames, psnrs):
                yield from clip
                bar.update(len(clip))

        write_video(arguments.out, frames(), fps=facts.fps)
    print(f"{arguments.out}: {len(psnrs)} frames, PSNR {sum(psnrs) / len(psnrs):.2f} dB")
    return 0


def _rebuilt(
    vae: "PredictiveVAE", video: Path, length: int, psnrs: list[float]
) -> "Iterator[Frames]":
    """Rebuilt clips one after another; the PSNR of every frame is appended to ``psnrs``."""
    from launchers.whole_video import through, unit, windows
    from pvvae.data.video import iterate_video
    from pvvae.metrics.psnr import frame_psnr

    for clip in windows(iterate_video(video), length):
        recon = through(vae, clip)
        psnrs += frame_psnr(unit(recon), unit(clip))[0].tolist()
        yield recon
