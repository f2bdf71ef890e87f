"""Words and work that commands about probes with a trained head share."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Number, Positive, Several, Share, Steps
from launchers.analysed import add_clips, claim_pages, clips_of, sources_of
from launchers.arguments import GOES_ON, Run, add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.data.evaluation.sintel import Part
    from pvvae.metrics.results import Results
    from pvvae.probes.features import FeatureSource
    from pvvae.probes.tasks import ProbeTask
    from pvvae.probes.trained import ProbeQuestion

WRITTEN = ["index.html", "analysis.json", "results.json", "table.md", "table.tex"]


def add_trained(commands: "Commands", name: str, *, help: str, more: str, run: Run) -> None:
    """Declare a probe with a trained head."""
    probe = add_command(commands, name, help=help, more=more, run=run, interrupted=GOES_ON)
    add_clips(probe, out=name, num=100, shown=False)
    # An estimate of flow is no truth, and of the next frame none is needed.
    probe.set_defaults(flow="dis" if name == "next-frame" else None, probe=name)
    probe.add_argument(
        "--train", type=Path, required=True, metavar="CLIPS", help="what heads are fitted on"
    )
    probe.add_argument(
        "--train-num", type=number(Several), default=1000, metavar="N", help="default: 1000"
    )
    probe.add_argument(
        "--block",
        nargs="+",
        type=number(Count),
        default=[],
        metavar="N",
        help="of a denoiser, 1 the first; the best of several; default: the middle (14 of 28)",
    )
    probe.add_argument(
        "--time",
        nargs="+",
        type=number(Share),
        metavar="T",
        help="share of noise that a denoiser sees; the best of several; default: 0.2",
    )
    probe.add_argument("--pixels", action="store_true", help="probe raw pixels too")
    probe.add_argument(
        "--seeds", type=number(Count), default=3, metavar="N", help="heads of each; default: 3"
    )
    probe.add_argument(
        "--steps", type=number(Steps), default=2000, metavar="N", help="of a head; default: 2000"
    )
    probe.add_argument(
        "--batch", type=number(Count), default=8, metavar="N", help="clips a step; default: 8"
    )
    probe.add_argument(
        "--width", type=number(Count), default=64, metavar="N", help="of a head; default: 64"
    )
    probe.add_argument(
        "--lr", type=number(Positive), default=1e-3, metavar="RATE", help="default: 0.001"
    )
    probe.add_argument(
        "--shown", type=number(Number), default=6, metavar="N", help="clips on the page; default: 6"
    )


def claim_probe(arguments: argparse.Namespace) -> None:
    """Take the folder that the answer goes to.

    Raises:
        ConfigError: if something else is there.
    """
    claim_pages(arguments, f"probe {arguments.probe}", WRITTEN)


def probed_sources(arguments: argparse.Namespace) -> "list[list[FeatureSource]]":
    """What is probed of each RUN, and the pixels if they are asked for.

    Raises:
        ConfigError: if a network cannot be had, or has no such block.
    """
    from pvvae.probes.features import DEFAULT_TIME, PixelFeatures, open_sources

    found = [
        open_sources(
            label,
            run,
            blocks=tuple(arguments.block),
            times=tuple(arguments.time or [DEFAULT_TIME]),
            seed=arguments.seed,
        )
        for label, run in sources_of(arguments.runs).items()
    ]
    pixels: list[FeatureSource] = [PixelFeatures(found[0][0].stride)] if arguments.pixels else []
    return [*found, *([pixels] if pixels else [])]


def question_of(arguments: argparse.Namespace, task: "ProbeTask") -> "ProbeQuestion":
    """What is asked, of which clips.

    Raises:
        ConfigError: if there are no clips that can be used.
    """
    from pvvae.probes.head import HeadConfig
    from pvvae.probes.trained import ProbeQuestion

    parts: tuple[Part | None, Part | None] = (None, None)
    if arguments.train.resolve() == arguments.clips.resolve():
        parts = ("learned", "tested")
    of_train = {"clips": arguments.train, "num": arguments.train_num}
    train = argparse.Namespace(**vars(arguments) | of_train)
    return ProbeQuestion(
        task=task,
        train=clips_of(train, part=parts[0]),
        test=clips_of(arguments, part=parts[1]),
        head=HeadConfig(
            width=arguments.width, steps=arguments.steps, batch=arguments.batch, lr=arguments.lr
        ),
        seeds=arguments.seeds,
        shown=arguments.shown,
    )


def write_results(found: "Sequence[Results]", out: Path) -> None:
    """Write OUT/results.json, which studies read, where it is of one network alone.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    from pvvae.metrics.results import FILE

    if len(found) == 1:
        found[0].write(out / FILE)


def report(
    sources: "Sequence[Sequence[FeatureSource]]", question: "ProbeQuestion", out: Path
) -> int:
    """Probe, write page and tables, and say where.

    Raises:
        ConfigError: if clips or sources do not fit, or a file cannot be written.
    """
    from pvvae.analysis.latents import forget
    from pvvae.probes.trained import probe_trained
    from pvvae.report.probes.page import write_page

    found = probe_trained(sources, question, out)
    text, page = write_page(found, question, out)
    write_results([one.results for one in found], out)
    forget(out)
    print(text)
    print(page)
    return 0
