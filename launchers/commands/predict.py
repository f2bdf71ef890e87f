"""``pvvae predict``: what a VAE makes of frames that it is not shown."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Length, Seed
from launchers.arguments import UNTOUCHED, add_command, existing_file, number
from launchers.outputs import add_overwrite, check_output
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.autoencoder.long_video import Frames
    from pvvae.model import PredictiveVAE

EXAMPLE = """\
example:
  pvvae predict holiday.mp4 predicted.mp4 --run runs/quickstart/cnn/predictive --observed 9

The first clip of the video: left as it is, right as decoded from its first N frames alone.
The bar above turns from grey to orange where the encoder saw nothing. Frames keep their times and
the shape of their pixels.
"""

OBSERVED, PREDICTED = (128, 128, 128), (255, 140, 0)
"""RGB of the bar; ours: apart in brightness too, for eyes that cannot tell the colours."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    predict = add_command(
        commands,
        "predict",
        help="show a VAE the first frames alone",
        more=EXAMPLE,
        run=_predict,
        interrupted=UNTOUCHED,
    )
    predict.add_argument("video", type=Path, metavar="IN.mp4")
    predict.add_argument("out", type=Path, metavar="OUT.mp4")
    predict.add_argument(
        "--run", type=Path, required=True, metavar="RUN", help="folder of a VAE stage"
    )
    predict.add_argument(
        "--observed", type=number(Length), default=9, metavar="N", help="frames shown; default: 9"
    )
    predict.add_argument(
        "--frames", type=number(Length), default=17, metavar="N", help="of the clip; default: 17"
    )
    predict.add_argument(
        "--seed",
        type=number(Seed),
        default=0,
        metavar="N",
        help="of a Gaussian pad's noise; default: 0",
    )
    add_overwrite(predict)


def _predict(arguments: argparse.Namespace) -> int:
    existing_file(arguments.video, "video")
    check_output(arguments.out, sources=[arguments.video], overwrite=arguments.overwrite)

    from pvvae import distributed
    from pvvae.autoencoder.long_video import through
    from pvvae.data.video.timeline import read_timeline
    from pvvae.data.video.video import write_video
    from pvvae.pretrained.runs import load_vae

    clip = _first_clip(arguments.video, arguments.frames)
    vae = load_vae(arguments.run).to(distributed.device())
    dropped = dropped_groups(vae, frames=arguments.frames, observed=arguments.observed)
    predicted = through(vae, clip, dropped=dropped, seed=arguments.seed)
    pictures = side_by_side(clip, predicted, observed=arguments.observed)
    facts = read_timeline(arguments.video, frames=arguments.frames)
    write_video(
        arguments.out, pictures, fps=float(facts.rate), times=facts.times, aspect=facts.aspect
    )
    if not facts.timed:
        print(facts.untimed(arguments.video))
    for name, other in (
        ("prediction", predicted),
        (f"repeating frame {arguments.observed}", _repeated(clip, arguments.observed)),
    ):
        print(f"MSE of {name}: {_error(other, clip, arguments.observed):.6f}")
    print(arguments.out)
    return 0


def _first_clip(video: Path, frames: int) -> "Frames":
    from pvvae.autoencoder.long_video import windows
    from pvvae.data.video.video import iterate_video

    clip = next(windows(iterate_video(video, squared=False), frames, frames), None)
    if clip is None:
        raise ConfigError(f"{video}: has no frame")
    if len(clip) < frames:
        raise ConfigError(f"{video}: has {len(clip)} frames; give --frames {len(clip)} or fewer")
    return clip


def dropped_groups(vae: "PredictiveVAE", *, frames: int, observed: int) -> int:
    """Groups to withhold so that ``observed`` of ``frames`` frames are seen.

    Raises:
        ConfigError: for a number of frames that is not 1 + n * stride, or nothing left to predict.
    """
    from pvvae.autoencoder.long_video import valid_length

    groups = valid_length(vae, frames, "--frames")
    seen = valid_length(vae, observed, "--observed")
    if seen >= groups:
        most = frames - vae.backbone.stride.time
        raise ConfigError(
            f"--observed: {observed} of {frames} frames leave nothing to predict; "
            + (f"use {most} or fewer" if most > 0 else "use more --frames")
        )
    return groups - seen


def side_by_side(truth: "Frames", predicted: "Frames", *, observed: int) -> "Frames":
    """Two clips (T, H, W, 3) beside one another, below a bar that says which frames were seen."""
    import numpy as np

    frames, height, width, _ = truth.shape
    gap = max(2, width // 64)
    bar = max(2, height // 24)
    gap, bar = gap + gap % 2, bar + (bar + height) % 2  # even sizes play in every browser
    canvas = np.zeros((frames, bar + height, 2 * width + gap, 3), np.uint8)
    canvas[:, bar:, :width] = truth
    canvas[:, bar:, width + gap :] = predicted
    canvas[:observed, :bar] = OBSERVED
    canvas[observed:, :bar] = PREDICTED
    return canvas


def _repeated(clip: "Frames", observed: int) -> "Frames":
    """``clip`` with its last observed frame instead of those after it."""
    import numpy as np

    return np.concatenate(
        [clip[:observed], np.repeat(clip[observed - 1 : observed], len(clip) - observed, axis=0)]
    )


def _error(other: "Frames", clip: "Frames", observed: int) -> float:
    """Mean squared error, on [0, 1], of the frames that were not observed."""
    from pvvae.autoencoder.long_video import unit
    from pvvae.metrics.prediction_error import prediction_error

    return float(prediction_error(unit(other), unit(clip), observed))
