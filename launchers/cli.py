"""The console command ``pvvae``. Each command imports what it needs when it is given."""

import argparse
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from launchers.arguments import BEGINS_ANEW, Parser
from pvvae.accelerator import settle_accelerator
from pvvae.errors import ConfigError, one_line

COMMANDS = (
    "configs",
    "data",
    "plan",
    "dry_run",
    "train",
    "pipeline",
    "status",
    "reconstruct",
    "predict",
    "sample",
    "demo",
    "export",
    "metrics",
    "analyze",
    "probe",
    "evaluate",
    "study",
    "compare",
    "report",
    "watch",
    "weights",
    "doctor",
    "bench",
)
"""Modules of ``launchers.commands``, in the order in which one needs them."""

START = """\
start with:
  pvvae demo                                what small trained networks do, in seconds
  pvvae pipeline configs/quickstart.yaml    every stage of the method from those, in minutes
  pvvae configs                             what else can be trained
  pvvae COMMAND --help                      an example of every command
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; exit status 0, or 2 after one line about a mistake of the user's."""
    left = BEGINS_ANEW
    try:
        arguments = parse(words)
        left = arguments.interrupted.format_map(vars(arguments))
        settle_accelerator()
        with _unwinding_at_sigterm():
            status: int = arguments.command(arguments)
        sys.stdout.flush()
        return status
    except ConfigError as error:
        print(f"pvvae: {one_line(error)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # pvvae configs | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"pvvae: {one_line(f'{where}{error.strerror or error}')}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"pvvae: interrupted; {left}", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(interrupt, _Terminated) else signal.SIGINT)


class _Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def _unwinding_at_sigterm() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, so that what it was writing is taken away."""
    mine = os.getpid()

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() == mine:
            raise _Terminated
        signal.signal(number, signal.SIG_DFL)  # a forked worker: it has nothing to tidy up
        os.kill(os.getpid(), number)

    usable = threading.current_thread() is threading.main_thread()
    if not usable or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def parser() -> Parser:
    """All commands."""
    whole = Parser(
        prog="pvvae",
        description="Train and use predictive video VAEs, and Latte on their latents.",
        epilog=START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        # By name: some commands give others, and must be able to import this file.
        importlib.import_module(f"launchers.commands.{name}").add(commands)
    return whole


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The words of a command line.

    Raises:
        ConfigError: for words that no command has.
    """
    whole = parser()
    arguments, others = whole.parse_known_args(words)
    if others:
        # argparse gives up on key.path=value words that come after an option.
        if "overrides" not in arguments or any(word.startswith("-") for word in others):
            whole.error(f"unrecognized arguments: {' '.join(others)}")
        arguments.overrides += others
    return arguments


if __name__ == "__main__":  # python -m launchers.cli, beside python -m launchers
    sys.exit(main())
