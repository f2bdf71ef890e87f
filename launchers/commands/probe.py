"""``pvvae probe``: what networks know of motion without having been taught it."""

import argparse
from typing import TYPE_CHECKING

from arch.ranges import Count, Length
from launchers.analysed import add_clips, claim_pages, clips_of, sources_of
from launchers.arguments import GOES_ON, add_command, number
from launchers.probed import (
    add_trained,
    claim_probe,
    probed_sources,
    question_of,
    report,
    write_results,
)

if TYPE_CHECKING:
    from launchers.arguments import Commands

TRACKING = """\
example:
  pvvae probe tracking runs/mine runs/twin --clips scenes/held_out --size 64x64

No head and nothing is trained: a spot is laid on a point of the last frame that the encoder sees,
the predictive decoder goes on with it and without, and the point is where the two differ. Clips
are those of `pvvae data scenes`, or tapvid_davis.pkl: there the way of points is known. AUC over 0
to 10 pixels and TAP-Vid's δ-average, both at 256 x 256, of all points and of those that move,
beside points that stay and points that keep their true velocity.

Writes OUT/analysis.json, and OUT/results.json of one RUN. Killed and given again, the command goes
on from OUT/measured.
"""
FLOW = """\
examples:
  pvvae probe flow runs/latte --train scenes/train --clips scenes/held_out --size 64x64
  pvvae probe flow box:vit_latte box:cnn_latte --block 1 3 5 --time 0.1 0.5 --pixels \\
    --train scenes/train --clips scenes/held_out --size 64x64

How well the flow of every frame to the next can be read off frozen features (Table 3): of a block
of a trained Latte that sees a clip's latents with some noise, of a VAE's latents alone, or of the
pixels. A head of 3D convolutions and pixel shuffle is fitted on the clips of --train and tested on
those of --clips, beside no motion, the mean flow and OpenCV's DIS. Both are clips of
`pvvae data scenes`, or one folder of Sintel, split by scenes: there the truth is known. Of several
blocks or times, the best is chosen on a fifth of --train.

Writes OUT/index.html, OUT/analysis.json, OUT/table.md, OUT/table.tex, and OUT/results.json of one
RUN. Killed and given again, the command goes on from the features and heads in OUT/measured, and
finds the same numbers.
"""
NEXT_FRAME = """\
example:
  pvvae probe next-frame runs/latte runs/vae --train kinetics/train --clips kinetics/val

How well the frame after those seen can be read off frozen features (Table 3): of a block of a
trained Latte that sees their latents with some noise, of a VAE's latents alone, or of the pixels.
Those seen are one group less than a clip has. A head of 3D convolutions and pixel shuffle is fitted
on the clips of --train and tested on those of --clips, beside the last frame repeated, the mean
colour, and the VAE's own reconstruction of the whole clip. Squared error of pixels in [0, 1].

Writes OUT/index.html, OUT/analysis.json, OUT/table.md, OUT/table.tex, and OUT/results.json of one
RUN. Killed and given again, the command goes on from the features and heads in OUT/measured, and
finds the same numbers.
"""
EXAMPLE = "example:\n  pvvae probe tracking runs/mine --clips scenes/held_out --size 64x64\n"


def add(commands: "Commands") -> None:
    """Declare the command and what it probes."""
    probe = add_command(
        commands,
        "probe",
        help="ask VAEs for motion that they were not taught",
        more=EXAMPLE,
        run=lambda _: 0,
        interrupted=GOES_ON,
    )
    inner = probe.add_subparsers(required=True, metavar="WHAT", parser_class=type(probe))
    add_trained(inner, "flow", help="optical flow read off frozen features", more=FLOW, run=_flow)
    add_trained(
        inner,
        "next-frame",
        help="the next frame read off frozen features",
        more=NEXT_FRAME,
        run=_next_frame,
    )
    tracking = add_command(
        inner,
        "tracking",
        help="points followed by the predictive decoder alone",
        more=TRACKING,
        run=_tracking,
        interrupted=GOES_ON,
    )
    add_clips(tracking, out="tracking", num=100, shown=False)
    tracking.set_defaults(flow=None)
    tracking.add_argument(
        "--observed",
        type=number(Length),
        metavar="N",
        help="frames shown; default: about half of the groups",
    )
    tracking.add_argument(
        "--points",
        type=number(Count),
        default=32,
        metavar="N",
        help="most points of a scene; default: 32",
    )


def _flow(arguments: argparse.Namespace) -> int:
    claim_probe(arguments)

    from pvvae.probes.tasks import FlowTask

    sources = probed_sources(arguments)
    return report(sources, question_of(arguments, FlowTask()), arguments.out)


def _next_frame(arguments: argparse.Namespace) -> int:
    claim_probe(arguments)

    from pvvae.probes.features import frames_seen
    from pvvae.probes.tasks import NextFrameTask

    sources = probed_sources(arguments)
    observed = frames_seen([each[0] for each in sources], arguments.frames)
    return report(sources, question_of(arguments, NextFrameTask(observed)), arguments.out)


def _tracking(arguments: argparse.Namespace) -> int:
    claim_pages(arguments, "probe tracking", ["analysis.json", "results.json"])

    from pvvae.analysis.latents import forget
    from pvvae.probes.tracer import TracerConfig
    from pvvae.probes.tracking import probe_tracking, text_table

    found = probe_tracking(
        sources_of(arguments.runs),
        clips_of(arguments),
        arguments.out,
        observed=arguments.observed,
        points=arguments.points,
        config=TracerConfig(),
    )
    write_results([one.results for one in found], arguments.out)
    forget(arguments.out)
    print(text_table(found))
    print(arguments.out / "analysis.json")
    return 0
