"""``pvvae probe``: what networks know of motion without having been taught it."""

import argparse
from typing import TYPE_CHECKING

from arch.ranges import Count, Length
from launchers.analysed import add_clips, claim_pages, clips_of, sources_of
from launchers.arguments import GOES_ON, add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands

TRACKING = """\
example:
  pvvae probe tracking runs/mine runs/twin --clips scenes/held_out --size 64x64

No head and nothing is trained: a spot is laid on a point of the last frame that the encoder sees,
the predictive decoder goes on with it and without, and the point is where the two differ. Clips
are those of `pvvae data scenes`, where every point's way is known. AUC over 0 to 10 pixels and
TAP-Vid's δ-average, both at 256 x 256, of all points and of those that move, beside points that
stay and points that keep their true velocity.

Writes OUT/analysis.json. Killed and given again, the command goes on from OUT/measured.
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


def _tracking(arguments: argparse.Namespace) -> int:
    claim_pages(arguments, "probe tracking", ["analysis.json"])

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
    forget(arguments.out)
    print(text_table(found))
    print(arguments.out / "analysis.json")
    return 0
