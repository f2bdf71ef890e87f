"""``pvvae data join``: several folders of shards as one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command
from launchers.outputs import check_data_folder

if TYPE_CHECKING:
    from launchers.arguments import Commands

MORE = """\
examples:
  pvvae data join data/mine/train data/scenes/train --out data/both
  pvvae data join data/mine/train data/mine/train data/scenes/train --out data/more_of_mine

Nothing is copied: DIR has links to the tars, and an index of all samples. A folder that is named
twice counts twice. Classes of one name are one class. A DIR with anything else is refused until
you delete it.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    join = add_command(commands, "join", help="put folders of shards together", more=MORE, run=_run)
    join.add_argument("shards", type=Path, nargs="+", metavar="SHARDS")
    join.add_argument("--out", type=Path, required=True, metavar="DIR")


def _run(arguments: argparse.Namespace) -> int:
    check_data_folder(arguments.out, sources=arguments.shards)
    from pvvae.data.shards.join import join_shards

    total = join_shards(arguments.shards, arguments.out)
    print(f"{arguments.out}: {total} samples of {len(arguments.shards)} folders")
    return 0
