"""What the training loop costs beside bare forward, backward and step of the same networks."""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arch.ranges import Several
from launchers.arguments import number
from pvvae.errors import ConfigError

HELP = "the training loop beside bare steps of the same networks"
EXAMPLE = """\
example:
  pvvae bench loop --json loop.json

Forward, backward and step of the tiny configs at 64x64 in DeepSpeed, by the loop and without it,
step by step in turn, in two processes that it starts itself: some minutes on two cores.
"""
BLOCKS = 10
"""Ours: enough for quartiles, in some minutes."""
NETWORKS = ("cnn", "vit", "latte")
"""Tiny configs that are measured: both backbones with discriminator and LPIPS, and the denoiser."""
PROCESSES = 2

Found = Mapping[str, Mapping[str, Any]]
"""By network, what ``loop_steps`` has written."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument(
        "--blocks",
        type=number(Several),
        default=BLOCKS,
        metavar="N",
        help=f"samples; default: {BLOCKS}",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in two processes of its own, one network after the other.

    Returns:
        ``ratios``: ``loop/bare`` of each network by the clock and by the cores, and the least of
        the clock's as ``loop/bare``; ``networks``: what they are made of.

    Raises:
        ConfigError: if a network's processes ended badly; they have said
            why.
    """
    from launchers.bench.toy_data import make_latents, make_shards
    from launchers.machines.local import module_command, run_command

    found = {}
    with tempfile.TemporaryDirectory(prefix="pvvae-bench-") as name:
        folder = Path(name)
        make_shards(folder)
        make_latents(folder / "latents", shape=(32, 5, 4, 4), classes=3)  # as configs/tiny/latte
        for network in NETWORKS:
            words = [network, str(folder), str(arguments.blocks)]
            steps = "launchers.bench.loop_steps"
            status = run_command(module_command(steps, words, processes=PROCESSES))
            path = folder / f"{network}.json"
            if status or not path.exists():
                raise ConfigError(f"bench loop: {network} ended with status {status}, see above")
            found[network] = json.loads(path.read_text())
    return {"ratios": ratios(found), "networks": found}


def ratios(found: Found) -> dict[str, float]:
    """Above 1 the loop is faster."""
    clock = {f"loop/bare {name}": float(of["seconds"]["value"]) for name, of in found.items()}
    cores = {f"loop/bare {name} cpu": float(of["cpu"]["value"]) for name, of in found.items()}
    return {"loop/bare": min(clock.values())} | clock | cores


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    head = ["network", "loop ms", "bare ms", "loop/bare", "quartiles", "by cpu", "quartiles"]
    rows = [head]
    for name, of in result["networks"].items():
        clock, cpu = of["seconds"], of["cpu"]
        times = [f"{1000 * clock[way]:.1f}" for way in ("first", "second")]
        rows.append([name, *times, *_shown(clock), *_shown(cpu)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(
        [*lines, f"loop/bare: {result['ratios']['loop/bare']:.3f}, the least of these"]
    )


def _shown(ratio: Mapping[str, Any]) -> Sequence[str]:
    low, high = ratio["quartiles"]
    return [f"{ratio['value']:.3f}", f"{low:.3f}-{high:.3f}"]
