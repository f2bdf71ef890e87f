"""``pvvae bench``: how fast something is beside something else, measured here."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from launchers.arguments import add_command
from launchers.bench import latte, layout, loop, metrics, optimizations, scenes, tiles, vae
from launchers.outputs import add_overwrite, check_output

if TYPE_CHECKING:
    from launchers.arguments import Commands

JSON = """\
A ratio a/b above 1 means that a is faster. --json writes {"ratios": {"a/b": ...}, ...}.
"""


class Bench(Protocol):
    """What a module of ``launchers.bench`` has."""

    HELP: str
    EXAMPLE: str

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Add its options."""

    def run(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure: plain data with ``ratios``."""

    def table(self, result: Mapping[str, Any]) -> str:
        """The result as a table for people."""


BENCHES: dict[str, Bench] = {
    "latte": latte,
    "layout": layout,
    "levers": optimizations,
    "loop": loop,
    "metrics": metrics,
    "scenes": scenes,
    "tiles": tiles,
    "vae": vae,
}


def add(commands: "Commands") -> None:
    """Declare the command and one for each bench."""
    bench = add_command(commands, "bench", help="measure how fast something is", run=lambda _: 0)
    inner = bench.add_subparsers(required=True, metavar="BENCH", parser_class=type(bench))
    for name, module in BENCHES.items():
        parser = add_command(
            inner, name, help=module.HELP, more=module.EXAMPLE + "\n" + JSON, run=_bench
        )
        module.declare(parser)
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
        add_overwrite(parser)
        parser.set_defaults(bench=name)


def _bench(arguments: argparse.Namespace) -> int:
    from pvvae.files import write_json

    if arguments.json is not None:
        check_output(arguments.json, overwrite=arguments.overwrite)
    bench = BENCHES[arguments.bench]
    result = bench.run(arguments)
    if arguments.json is not None:
        write_json(arguments.json, result)
    print(bench.table(result))
    return 0
