"""Where VAEs have their parameters and spend their FLOPs: by half and by resolution."""

import argparse
import itertools
from collections.abc import Mapping
from typing import Any

from arch.ranges import Count
from launchers.arguments import number
from launchers.bench.models import builder, clip_of, declare_models

HELP = "parameters and FLOPs of VAEs by resolution (nothing is run)"
EXAMPLE = """\
examples:
  pvvae bench layout --models cnn vit wan2.2
  pvvae bench layout --models cnn tiny/cnn --clip 17x64x64 --json layout.json

Counted on tensors without memory, so any size will do. A resolution N is one position for N x N
pixels. A ratio a/b here is FLOPs of b over FLOPs of a.
"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    declare_models(parser)
    parser.add_argument("--batch", type=number(Count), default=1, metavar="N", help="default: 1")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Count.

    Returns:
        ``ratios``: of FLOPs for each pair of models; ``models``: for each, half and resolution,
        ``parameters`` and ``flops``.

    Raises:
        ConfigError: for a model or a clip that does not exist.
    """
    from pvvae.planning.resolutions import by_resolution

    shape = (arguments.batch, 3, *clip_of(arguments.clip))
    builds = {name: builder(name, shape) for name in arguments.models}
    models = {
        name: {
            half: {str(spacing): vars(share) for spacing, share in shares.items()}
            for half, shares in by_resolution(build, shape).items()
        }
        for name, build in builds.items()
    }
    flops = {name: sum(_all(of, "flops")) for name, of in models.items()}
    ratios = {f"{a}/{b}": flops[b] / flops[a] for a, b in itertools.combinations(models, 2)}
    return {"ratios": ratios, "models": models, "protocol": {"clip": list(shape)}}


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    lines = [
        f"{'model':>12} {'half':>8} {'resolution':>10} {'M param':>8} {'GFLOP':>9} {'share':>6}"
    ]
    for name, halves in result["models"].items():
        parameters, flops = sum(_all(halves, "parameters")), sum(_all(halves, "flops"))
        for half, shares in halves.items():
            for spacing, share in shares.items():
                lines.append(
                    f"{name:>12} {half:>8} {spacing:>10} {share['parameters'] / 1e6:8.2f} "
                    f"{share['flops'] / 1e9:9.1f} {share['flops'] / flops:6.1%}"
                )
        lines.append(f"{name:>12} {'all':>8} {'':>10} {parameters / 1e6:8.2f} {flops / 1e9:9.1f}")
    return "\n".join(lines + [f"{pair}: {value:.3f}" for pair, value in result["ratios"].items()])


def _all(halves: Mapping[str, Mapping[str, Mapping[str, int]]], key: str) -> list[int]:
    return [share[key] for shares in halves.values() for share in shares.values()]
