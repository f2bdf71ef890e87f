"""``pvvae data subset``: a part of shards, within every larger part."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Seed
from launchers.arguments import add_command, number
from launchers.outputs import check_data_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from fractions import Fraction

    from launchers.arguments import Commands

MORE = """\
examples:
  pvvae data subset data/scenes/train --fraction 1/8 --out data/scenes/train_8th
  pvvae data subset data/mine/train --fraction 0.25 --seed 1 --out data/mine/quarter

Samples are ranked by a hash of seed and key, and the lowest are taken: of one seed, each subset
lies within every larger one. Nothing is copied: DIR has links to the tars, an index of the samples
that were taken, and subset.json, which says how many and of what. A DIR with another subset or
anything else is refused until you delete it.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    subset = add_command(commands, "subset", help="take a part of shards", more=MORE, run=_run)
    subset.add_argument("shards", type=Path, metavar="SHARDS")
    subset.add_argument("--fraction", required=True, metavar="PART", help="such as 1/8 or 0.125")
    subset.add_argument("--seed", type=number(Seed), default=0, metavar="N", help="default: 0")
    subset.add_argument("--out", type=Path, required=True, metavar="DIR")


def _run(arguments: argparse.Namespace) -> int:
    check_data_folder(arguments.out, sources=[arguments.shards])
    from pvvae.data.shards.subset import make_subset

    fraction = _fraction(arguments.fraction)
    subset = make_subset(arguments.shards, arguments.out, fraction=fraction, seed=arguments.seed)
    print(f"{arguments.out}: {subset}")
    return 0


def _fraction(word: str) -> "Fraction":
    from fractions import Fraction

    try:
        return Fraction(word)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ConfigError(
            f"--fraction: must be a number such as 1/8 or 0.125, got {word!r}"
        ) from None
