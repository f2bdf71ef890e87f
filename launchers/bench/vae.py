"""VAEs beside each other on one clip: encoding, decoding, reconstruction, a training step."""

import argparse
import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from arch.ranges import Count, Number
from launchers.arguments import number
from launchers.bench.models import builder, clip_of, declare_models

HELP = "VAEs beside each other on one clip"
EXAMPLE = """\
examples:
  pvvae bench vae --models cnn vit wan2.2 --bf16                 (on a GPU, by the paper's protocol)
  pvvae bench vae --models cnn wan2.2 --clip 17x128x128 --batch 1 --warmup 1 --rounds 5

Encoding, decoding and reconstruction with fresh weights, one model after the other in every round.
Memory is that of tensors, weights included; FLOP/s are held against a large matrix product here.
"""
GIB = 2**30


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    declare_models(parser)
    parser.add_argument(
        "--batch", type=number(Count), default=4, metavar="N", help="default: 4, the paper's"
    )
    parser.add_argument(
        "--warmup",
        type=number(Number),
        default=50,
        metavar="N",
        help="rounds; default: 50, the paper's",
    )
    parser.add_argument(
        "--rounds",
        type=number(Count),
        default=100,
        metavar="N",
        help="timed; default: 100, the paper's",
    )
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, as on GPUs")
    parser.add_argument(
        "--train", action="store_true", help="also forward and backward of the squared error"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, with fresh weights: speed does not depend on them.

    Returns:
        ``ratios``: of reconstruction for each pair of models as ``a/b``, and of each part as
        ``a/b part``; ``models``: medians, bytes and FLOPs of each.

    Raises:
        ConfigError: for a model or a clip that does not exist.
    """
    import torch

    from pvvae import distributed
    from pvvae.run.progress_bar import say
    from pvvae.timing.speed import (
        Rounds,
        ceiling,
        device_name,
        flops,
        peak_bytes,
        time_in_turn,
    )

    shape = (arguments.batch, 3, *clip_of(arguments.clip))
    timed = arguments.rounds
    builds = {name: builder(name, shape) for name in arguments.models}
    dtype = torch.bfloat16 if arguments.bf16 else torch.float32
    device = distributed.device()
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x = x.to(device, dtype)
    models = {}
    for name, build in builds.items():
        say(f"building {name}")
        models[name] = build().to(device, dtype).eval()
    rounds = Rounds(warmup=arguments.warmup, timed=timed)
    say(f"{rounds.warmup} + {rounds.timed} rounds of {', '.join(models)}")
    seconds = time_in_turn(models, x, rounds=rounds, train=arguments.train)
    facts = {
        name: {
            "parameters": sum(p.numel() for p in model.parameters()),
            "flops": flops(builds[name], shape),
            "peak_bytes": peak_bytes(model, x),
            "seconds": {part: statistics.median(of[name]) for part, of in seconds.items()},
            "quartiles": {part: _quartiles(of[name]) for part, of in seconds.items()},
        }
        for name, model in models.items()
    }
    protocol = {"batch": shape[0], "clip": list(shape[2:]), "dtype": str(dtype)[6:]}
    protocol |= {"device": device_name(), "warmup": rounds.warmup, "rounds": rounds.timed}
    return {
        "ratios": ratios(facts),
        "models": facts,
        "ceiling_flops_per_second": ceiling(device, dtype),
        "protocol": protocol,
    }


def ratios(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Ratios of median seconds, above 1 if the first is faster, and of memory, below 1 if the first
    needs less.
    """
    found = {}
    for one, two in itertools.combinations(facts, 2):
        times = facts[one]["seconds"], facts[two]["seconds"]
        found[f"{one}/{two}"] = times[1]["reconstruct"] / times[0]["reconstruct"]
        for part in times[0]:
            found[f"{one}/{two} {part}"] = times[1][part] / times[0][part]
        found[f"{one}/{two} peak memory"] = facts[one]["peak_bytes"] / facts[two]["peak_bytes"]
    return found


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    parts = list(next(iter(result["models"].values()))["seconds"])
    rows = [["model", "M param", "TFLOP", *(f"{part} s" for part in parts), "peak GiB", "of peak"]]
    for name, of in result["models"].items():
        speed = of["flops"] / of["seconds"]["reconstruct"]
        rows.append(
            [
                name,
                f"{of['parameters'] / 1e6:.1f}",
                f"{of['flops'] / 1e12:.3g}",
                *(f"{of['seconds'][part]:.3g}" for part in parts),
                f"{of['peak_bytes'] / GIB:.2f}",
                f"{speed / result['ceiling_flops_per_second']:.0%}",
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    peak = result["ceiling_flops_per_second"]
    lines.append(f"peak: {peak / 1e9:,.0f} GFLOP/s, measured on a matrix product")
    return "\n".join(lines + [f"{name}: {value:.3f}" for name, value in result["ratios"].items()])


def _quartiles(values: Sequence[float]) -> list[float]:
    if len(values) < 2:
        return [values[0], values[0]]
    low, _, high = statistics.quantiles(values, n=4)
    return [low, high]
