"""How many frames of scenes one core makes in a second, and how many of ground truth."""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arch.ranges import Count
from launchers.arguments import number
from launchers.bench.models import clip_of

if TYPE_CHECKING:
    from pvvae.data.scenes import Scene

HELP = "made scenes: frames a second on one core"
EXAMPLE = """\
examples:
  pvvae bench scenes                              (17 frames of 64x64, seconds)
  pvvae bench scenes --clip 17x256x256 --scenes 10

Scenes of all kinds in turn are drawn and rendered; then their flow, occlusion and tracks, without
the pixels. Seconds are of the processor, in this process, which computes in one thread.
"""
WANTED = 200.0
"""Frames a second. Ours: then 10,000 clips of 17 frames take less than a quarter of an hour."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument("--clip", default="17x64x64", metavar="TxHxW", help="default: 17x64x64")
    parser.add_argument("--scenes", type=number(Count), default=25, metavar="N", help="default: 25")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure.

    Returns:
        ``frames_per_second`` of ``render`` and ``truth``, medians over scenes, with quartiles;
        ``ratios``: rendering to 200 frames a second.

    Raises:
        ConfigError: for sizes that cannot be.
    """
    from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures, truth_of
    from pvvae.run.progress_bar import say

    frames, height, width = clip_of(arguments.clip)
    count = arguments.scenes
    settings = SceneSettings(frames=frames, height=height, width=width)
    pictures = packaged_pictures()

    def drawn(index: int) -> "Scene":
        return draw_scene(settings, seed=0, index=index, pictures=pictures)

    say(f"1 + {count} scenes of {arguments.clip}")
    seconds = {
        "render": _seconds(lambda i: drawn(i).render(), count),
        "truth": _seconds(lambda i: truth_of(drawn(i), seed=0, index=i), count),
    }
    rates = {name: _rates(laps, frames) for name, laps in seconds.items()}
    return {
        "ratios": {"render/200 frames a second": rates["render"]["median"] / WANTED},
        "frames_per_second": rates,
        "protocol": {"clip": [frames, height, width], "scenes": count, "warmup": 1},
    }


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    lines = [f"{'':>8}  frames a second  (quartiles)"]
    for name, of in result["frames_per_second"].items():
        low, high = of["quartiles"]
        lines.append(f"{name:>8}  {of['median']:15.0f}  ({low:.0f} to {high:.0f})")
    return "\n".join(lines + [f"{name}: {value:.2f}" for name, value in result["ratios"].items()])


def _seconds(work: Callable[[int], object], count: int) -> list[float]:
    """Processor seconds of each of ``count`` scenes, after one that is not counted."""
    work(0)
    laps = []
    for index in range(count):
        began = time.process_time()
        work(index)
        laps.append(time.process_time() - began)
    return laps


def _rates(laps: list[float], frames: int) -> dict[str, Any]:
    rates = [frames / lap for lap in laps]
    low, median, high = statistics.quantiles(rates * 2, n=4)
    return {"median": median, "quartiles": [low, high]}
