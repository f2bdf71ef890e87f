"""``pvvae bench``: how fast something is beside something else, measured here."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
examples:
  pvvae bench loop
  pvvae bench loop --json loop.json

loop   the training loop beside bare forward, backward and step of the same networks in DeepSpeed,
       step by step in turn, on tiny configs at 64x64, in two processes that it starts itself
       (some minutes on two cores)

A ratio a/b above 1 means that a is faster. --json writes {"ratios": {"a/b": ...}, ...}.
"""

BLOCKS = 10
"""Ours: enough for quartiles, in some minutes."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    bench = add_command(
        commands, "bench", help="measure how fast something is", more=EXAMPLE, run=_bench
    )
    bench.add_argument("name", metavar="NAME", help="see below")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    bench.add_argument(
        "--blocks", type=int, default=BLOCKS, metavar="N", help=f"samples; default: {BLOCKS}"
    )


def _bench(arguments: argparse.Namespace) -> int:
    from launchers.benches import loop
    from pvvae.files import write_json

    benches = {"loop": loop}
    if arguments.name not in benches:
        known = ", ".join(benches)
        raise ConfigError(f"bench: no bench is called {arguments.name!r}; known benches: {known}")
    if arguments.blocks < 2:
        raise ConfigError(f"--blocks: must be 2 or more, got {arguments.blocks}")
    bench = benches[arguments.name]
    result = bench.run(blocks=arguments.blocks)
    if arguments.json is not None:
        write_json(arguments.json, result)
    print(bench.table(result))
    return 0
