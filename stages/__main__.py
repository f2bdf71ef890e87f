"""Run one stage: ``deepspeed --module stages CONFIG.yaml key.path=value …``, or by itself."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pvvae.accelerator import keep_freed_memory, on_cpu, settle_accelerator
from pvvae.errors import ConfigError, one_line

HEAD_START = 4.0
"""Seconds that a process waits before it says what may be the echo of another's trouble. A mistake
is mostly found by all processes, and one that ends breaks the connections of the others; but once
one has ended the launcher, which looks every second, ends the others. Ours: a few of its looks."""


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 2 a mistake of the user's, said in one line by one process.

    75 is a run that was asked to leave, and has saved.
    """
    parser = argparse.ArgumentParser(prog="stages", description=__doc__)
    parser.add_argument("config", type=Path, help="a YAML file that names a stage")
    parser.add_argument("overrides", nargs="*", metavar="key.path=value")
    parser.add_argument("--local_rank", type=int, help="appended by the deepspeed launcher")
    arguments = parser.parse_args(words)
    settle_accelerator()
    if on_cpu():
        keep_freed_memory()

    from pvvae import distributed
    from pvvae.run.stop_request import STOPPED, Stopped

    try:
        _run(arguments.config, arguments.overrides)
        status = 0
    except ConfigError as error:
        if not distributed.is_main():
            time.sleep(HEAD_START)
            print(file=sys.stderr)  # below the main process's progress bar
        print(f"pvvae: {one_line(error)}", file=sys.stderr, flush=True)
        status = 2
    except Stopped as stopped:
        if distributed.is_main():
            print(f"pvvae: {stopped}", file=sys.stderr, flush=True)
        status = STOPPED
    except KeyboardInterrupt:
        status = 130
    except Exception:
        if distributed.world_size() > 1:
            time.sleep(HEAD_START)
        raise
    if distributed.world_size() > 1:
        # After a mistake an orderly end would also wait for processes that wait for this one.
        distributed.leave(status)
    return status


def _run(path: Path, overrides: Sequence[str]) -> None:
    from pvvae.engine import start, stop
    from stages import program

    run, config = program.load(path, overrides)
    start()
    run(config)
    stop()


if __name__ == "__main__":
    sys.exit(main())
