"""``python -m tools.fuzz``: broken inputs of every kind, for an hour or a number of each."""

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

from tools.fuzz.configs import Configs
from tools.fuzz.data import Indexes, Latents, Lists
from tools.fuzz.media import Images, Videos
from tools.fuzz.runs import Runs
from tools.fuzz.trial import InputMaker, Tally, attempt, draws, memory_limit

KINDS: dict[str, type[InputMaker]] = {
    "configs": Configs,
    "indexes": Indexes,
    "runs": Runs,
    "latents": Latents,
    "lists": Lists,
    "videos": Videos,
    "images": Images,
}
SHOWN = 20
"""Faults that are printed of each kind. Ours: one screen."""


def main() -> int:
    """Exit status 1 if any input found a fault."""
    parser = argparse.ArgumentParser(prog="tools.fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--inputs", type=int, metavar="N", help="of each kind")
    parser.add_argument("--seconds", type=float, default=3600.0, help="in all; default: an hour")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="default: 0")
    arguments = parser.parse_args()
    kinds = arguments.kinds or list(KINDS)
    faults = 0
    for kind in kinds:
        seconds = None if arguments.inputs else arguments.seconds / len(kinds)
        tally = fuzz(
            kind,
            inputs=arguments.inputs,
            seconds=seconds,
            seed=arguments.seed,
            first=arguments.first,
        )
        faults += len(tally.faults)
        print(f"{kind}: {tally}", flush=True)
        for line in tally.faults[:SHOWN]:
            print(f"  {line}", flush=True)
    return 1 if faults else 0


def fuzz(
    kind: str, *, inputs: int | None, seconds: float | None, seed: int, first: int = 0
) -> Tally:
    """Read inputs of one kind, numbers ``first``, ``first + 1``, ... of ``seed``, up to a limit."""
    tally, began, before = Tally(), time.monotonic(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # what a path in an input names is there, or nowhere
        try:
            source = KINDS[kind](Path(folder))
            with memory_limit():
                for number in itertools.islice(itertools.count(first), inputs):
                    if seconds is not None and time.monotonic() - began > seconds:
                        break
                    read = source.make(draws(seed, kind, number), number)
                    attempt(read, tally, f"{kind} {number} of seed {seed}")
        finally:
            os.chdir(before)
    return tally


if __name__ == "__main__":
    sys.exit(main())
