"""Run one stage: ``deepspeed --module stages CONFIG.yaml key.path=value …``, or without a launcher."""

import argparse
import os
import sys
import time
from pathlib import Path

from pvvae.accelerator import settle_accelerator
from pvvae.errors import ConfigError

HEAD_START = 4.0
"""Seconds that the main process has to say what is wrong. Most mistakes are found by all processes,
and once the main process has ended the launcher, which looks every second, ends the others before
they repeat it; but a damaged file may be read by one of them alone. Ours: a few of its looks."""


def main() -> int:
    """Exit status: 0 done, 2 a mistake of the user's, said in one line by one process."""
    parser = argparse.ArgumentParser(prog="stages", description=__doc__)
    parser.add_argument("config", type=Path, help="a YAML file that names a stage")
    parser.add_argument("overrides", nargs="*", metavar="key.path=value")
    parser.add_argument("--local_rank", type=int, help="appended by the deepspeed launcher")
    words = parser.parse_args()
    settle_accelerator()

    from pvvae import distributed
    from pvvae.engine import start, stop
    from stages import program

    try:
        run, config = program.load(words.config, words.overrides)
        start()
        run(config)
    except ConfigError as error:
        if not distributed.is_main():
            time.sleep(HEAD_START)
        print(f"pvvae: {error}", file=sys.stderr, flush=True)
        if distributed.world_size() > 1:
            os._exit(2)  # a clean end would wait for processes that are waiting for this one
        return 2
    stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
