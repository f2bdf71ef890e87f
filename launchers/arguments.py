"""Declaring a command: its words, its help with an example, and the function it runs."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from arch import ranges
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]

GOES_ON = "the same command goes on from here"
BEGINS_ANEW = "given again, the command begins anew"
UNTOUCHED = "{out} is as it was before"
"""What an interrupt leaves; words of the command in braces."""

Run = Callable[[argparse.Namespace], int]
"""What a command does with its words; the exit status."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would have printed below the whole usage."""
        command = self.prog.partition(" ")[2]
        where = f"{command}: " if command else ""
        raise ConfigError(f"{where}{message}; see `{self.prog} --help`")


def add_command(
    commands: "Commands",
    name: str,
    *,
    help: str,
    more: str = "",
    run: Run,
    interrupted: str = BEGINS_ANEW,
) -> Parser:
    """A command's parser, to which its own words are added.

    Args:
        commands: where it belongs.
        name: the word that chooses it.
        help: one line for the list of commands.
        more: an example and what to know, shown below the command's own help.
        run: called with the words.
        interrupted: what is true after Ctrl-C.
    """
    parser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=run, interrupted=interrupted)
    return parser


def number(kind: Any) -> Callable[[str], Any]:
    """How a word is read that must be a number of a declared kind: ``arch.ranges.Count``."""
    plain, allowed = get_args(kind)[0], ranges.declared(kind)

    def read(word: str) -> Any:
        try:
            value = plain(word)
        except ValueError:
            what = "a whole number" if plain is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {what}, got {word!r}") from None
        if value not in allowed:
            raise argparse.ArgumentTypeError(f"must be {allowed.wanted(value)}, got {word}")
        return value

    read.__name__ = plain.__name__  # as argparse names a kind of word
    return read


def existing_file(path: Path, what: str) -> Path:
    """``path``, if it is a file.

    Raises:
        ConfigError: if not.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such {what}")
    return path


def rows_and_columns(option: str, word: str) -> tuple[int, int]:
    """A size as ``256x448``.

    Raises:
        ConfigError: if it is not written so.
    """
    height, _, width = word.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise ConfigError(f"{option}: must be rows x columns as in 256x256, got {word!r}")
    return int(height), int(width)
