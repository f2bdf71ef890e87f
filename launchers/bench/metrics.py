"""What FVD costs beside the passes through I3D that it cannot do without, and its memory."""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arch.ranges import Several
from launchers.arguments import number
from launchers.bench.models import clip_of

if TYPE_CHECKING:
    from torch import Tensor

    from pvvae.metrics.fvd import FVD

HELP = "FVD beside bare passes through I3D, and its memory"
EXAMPLE = """\
examples:
  pvvae bench metrics --json metrics.json                    (minutes on CPU cores)
  pvvae bench metrics --clips 4 --clip 9x64x64 --statistics 64

Clips of noise, one after the other: each goes into FVD, which resizes it, and through bare I3D,
resized beforehand, in turns; to FVD's time belong its distances, floor and intervals at the end.
Memory: of one clip, and of the statistics of 2,048 real and 2,048 generated clips.
"""
CLIPS, STATISTICS = 128, 2048
"""Number of clips of each kind, for times (ours) and for statistics (the paper's, section 4.1)."""
MIB = 2**20


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument(
        "--clips",
        type=number(Several),
        default=CLIPS,
        metavar="N",
        help=f"of each kind; default: {CLIPS}",
    )
    parser.add_argument(
        "--clip", default="17x256x256", metavar="TxHxW", help="default: 17x256x256, the paper's"
    )
    parser.add_argument(
        "--statistics",
        type=number(Several),
        default=STATISTICS,
        metavar="N",
        help=f"clips of each kind whose statistics are weighed; default: {STATISTICS}",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure.

    Returns:
        ``ratios``: ``fvd/bare``, above 1 if FVD were faster; ``overhead``, FVD's time as a multiple
        of the bare passes'; ``seconds``; ``memory`` in bytes.

    Raises:
        ConfigError: for too few clips, or clips that I3D cannot see.
    """
    import torch

    from pvvae import distributed
    from pvvae.metrics.fvd import FVD
    from pvvae.run.progress_bar import progress

    num, weighed = arguments.clips, arguments.statistics
    shape = (1, *clip_of(arguments.clip), 3)
    device = str(distributed.device())
    _turn(FVD(device=device), _noise(shape, seed=0), real=True)  # warms up
    videos, laps, resident = FVD(device=device), [], [_resident()]
    with progress("clips", 2 * num) as bar:
        for seed in range(2 * num):
            laps.append(_turn(videos, _noise(shape, seed=seed), real=seed % 2 == 0))
            resident.append(_resident())
            bar.update()
    distances = _timed(videos.compute)
    fvd, bare = (sum(column) for column in zip(*laps, strict=True))
    seconds = {"fvd": fvd + distances, "bare": bare, "distances": distances}
    return {
        "ratios": {"fvd/bare": seconds["bare"] / seconds["fvd"]},
        "overhead": seconds["fvd"] / seconds["bare"],
        "seconds": seconds,
        "quartiles": statistics.quantiles([a / b for a, b in laps], n=4),
        "memory": {
            "one_clip": _clip_bytes(videos, _noise(shape, seed=0)),
            "statistics": _statistics_bytes(weighed),
            "grown_over_clips": resident[-1] - resident[len(resident) // 2],
            "resident": _resident(),
        },
        "protocol": {
            "clips": num,
            "clip": list(shape[1:4]),
            "statistics": weighed,
            "device": device,
            "threads": torch.get_num_threads(),
        },
    }


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    seconds, memory, protocol = result["seconds"], result["memory"], result["protocol"]
    low, _, high = result["quartiles"]
    sizes = {
        "one clip through I3D, weights not counted": memory["one_clip"],
        f"statistics of {protocol['statistics']} + {protocol['statistics']}": memory["statistics"],
        "more in the process after all clips than after half of them": memory["grown_over_clips"],
        "in the process at most, libraries included": memory["resident"],
    }
    return "\n".join(
        [
            f"FVD   {seconds['fvd']:9.2f} s, of which distances {seconds['distances']:.2f} s",
            f"bare  {seconds['bare']:9.2f} s",
            f"FVD takes {result['overhead']:.3f} times as long ({low:.3f}-{high:.3f} clip by clip)",
            *(f"{size / MIB:9.1f} MiB  {what}" for what, size in sizes.items()),
            f"fvd/bare: {result['ratios']['fvd/bare']:.3f}",
        ]
    )


def _turn(videos: "FVD", clip: "Tensor", *, real: bool) -> tuple[float, float]:
    """Seconds of FVD and of I3D alone on one clip (1, T, H, W, 3); who goes first alternates."""
    from pvvae.metrics.i3d import preprocess

    pixels = preprocess(clip.to(videos.network.head_bias.device))

    def fvd() -> None:
        videos.update(clip, real=real)

    def bare() -> None:
        videos.network.logits(pixels)

    if real:
        first, second = _timed(fvd), _timed(bare)
        return first, second
    second, first = _timed(bare), _timed(fvd)
    return first, second


def _timed(work: Callable[[], object]) -> float:
    import torch

    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _noise(shape: tuple[int, ...], *, seed: int) -> "Tensor":
    """A clip, uint8. Speed does not depend on what is in it."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def _clip_bytes(videos: "FVD", clip: "Tensor") -> int:
    """Most bytes of tensors alive while one clip passes."""
    from pvvae.planning.storages import LiveStorages

    with LiveStorages([*videos.network.buffers(), clip]) as live:
        videos.features_of(clip)
    return int(live.peak)


def _statistics_bytes(num: int) -> int:
    """Most bytes of tensors alive from the first of ``num`` clips of each kind to their distances.

    Features are noise, added one by one.
    """
    import torch

    from pvvae.metrics.fvd import FVD
    from pvvae.metrics.i3d import NUM_FEATURES
    from pvvae.planning.storages import LiveStorages

    generator, videos = torch.Generator().manual_seed(0), FVD()
    with LiveStorages([]) as live:
        for clip in range(2 * num):
            row = torch.randn(1, NUM_FEATURES, generator=generator)
            videos.add(row, frames=17, real=clip % 2 == 0)
        videos.compute()
    return int(live.peak)


def _resident() -> int:
    """Most bytes that this process has had in memory; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
