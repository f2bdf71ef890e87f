"""``pvvae watch``: the report on runs in a browser, while they go on."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arch.ranges import Range
from launchers.arguments import add_command, number

if TYPE_CHECKING:
    from launchers.arguments import Commands

Port = Annotated[int, Range(0, 65535)]
Seconds = Annotated[int, Range(1, 3600)]

EXAMPLE = """\
examples:
  pvvae watch runs                      http://127.0.0.1:8765/, new as runs go on
  ssh -L 8765:localhost:8765 CLUSTER    on your desk, to see what is watched on a cluster

Reads run folders and writes nothing. Others on the network see it only if --host says so.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    watch = add_command(
        commands,
        "watch",
        help="show the report in a browser while runs go on",
        more=EXAMPLE,
        run=_watch,
        interrupted="the page is no longer served; runs go on",
    )
    watch.add_argument("runs", type=Path, metavar="RUNS")
    watch.add_argument("--port", type=number(Port), default=8765, help="default: 8765; 0: any")
    watch.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    watch.add_argument(
        "--every",
        type=number(Seconds),
        default=10,
        metavar="SECONDS",
        help="between looks at the runs; default: 10",
    )


def _watch(arguments: argparse.Namespace) -> int:
    from pvvae.errors import ConfigError
    from pvvae.report.runs.live import serve

    if not arguments.runs.is_dir():
        raise ConfigError(
            f"{arguments.runs}: no such folder; runs are in the folder that run: names"
        )
    with serve(
        arguments.runs, host=arguments.host, port=arguments.port, every=arguments.every
    ) as server:
        print(f"http://{arguments.host}:{server.server_port}/    Ctrl-C ends it", flush=True)
        server.serve_forever()
    return 0
