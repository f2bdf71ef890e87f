"""Runs short stages in a group: ``python -m tests.stages.worker SHARDS RUNS JOB…``.

A job is ``NAME stage override…`` in one word, separated by spaces; its run folder is RUNS/NAME.
"""

import sys
from pathlib import Path

from pvvae.engine import start, stop
from tests.stages.short import run_stage


def main() -> None:
    shards, runs = Path(sys.argv[1]), Path(sys.argv[2])
    start()
    for job in sys.argv[3:]:
        name, stage, *extra = job.split(" ")
        run_stage(stage, shards, runs, f"run={runs / name}", *extra)
    stop()


if __name__ == "__main__":
    main()
