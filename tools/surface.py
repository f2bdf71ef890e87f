"""The public surface in one file: every command, option and config key, with type and default.

    python -m tools.surface            print it
    python -m tools.surface --write    write docs/surface.md

Who changes a line of that file changes something that users have typed: it needs a line in the
CHANGELOG too.
"""

import argparse
import dataclasses
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from arch import registry
from launchers import cli
from launchers.tables.generation import GenerationTable
from launchers.tables.reconstruction import ReconstructionTable
from pvvae.study.spec.study import Study
from stages import program

FILE = Path(__file__).resolve().parents[1] / "docs" / "surface.md"
HEAD = """\
# The public surface

Made by `python -m tools.surface --write`; a test compares. A command is what `pvvae` is given, a
key what a YAML file or `key.path=value` may set. A line here is kept until the CHANGELOG says
otherwise.
"""


def surface() -> str:
    """The whole file."""
    lines = [HEAD, "## Commands", "", *_commands(cli.parser(), "pvvae")]
    for name in program.names():
        config = program.config_class(name)
        lines += ["", f"## Stage `{name}`", "", *_keys(config, "")]
    for title, config in (
        ("Table of reconstruction", ReconstructionTable),
        ("Table of generation", GenerationTable),
        ("Study", Study),
    ):
        lines += ["", f"## {title}", "", *_keys(config, "")]
    for family in sorted(registry.families(), key=lambda family: family.__name__):
        for name in registry.names(family):
            if not registry.lookup(family, name).__module__.startswith("arch."):
                continue  # a plugin that this process has loaded
            head = f"{family.__name__.removesuffix('Config')} `{name}`"
            lines += ["", f"## {head}", "", *_keys(registry.lookup(family, name), "")]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield f"- `{name} {word}`"
                yield from (f"  {line}" for line in _options(inner))
                yield from _commands(inner, f"{name} {word}")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            continue
        words = " ".join(action.option_strings) or str(action.metavar or action.dest)
        kind = "flag" if action.nargs == 0 else getattr(action.type, "__name__", None) or "text"
        many = f", {action.nargs}" if action.nargs not in (None, 0) else ""
        choices = f", one of {', '.join(map(str, action.choices))}" if action.choices else ""
        default = f", default {action.default}" if action.default not in (None, False, []) else ""
        yield f"- `{words}` {kind}{many}{choices}{default}"


def _keys(config: type[Any], prefix: str) -> Iterator[str]:
    """Keys of a config class; those of nested ones below it."""
    hints = get_type_hints(config)
    for field in dataclasses.fields(config):
        hint, path = hints[field.name], f"{prefix}{field.name}"
        yield f"- `{path}` {_shown(hint)}{_default(field)}"
        if (
            isinstance(hint, type)
            and dataclasses.is_dataclass(hint)
            and hint not in registry.families()
        ):
            yield from _keys(hint, f"{path}.")


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return ", required"
    return "" if dataclasses.is_dataclass(value) else f", default {value!r}"


def _shown(hint: Any) -> str:
    """A type as a person would write it."""
    if hint is types.NoneType:
        return "null"
    if get_origin(hint) is typing.Annotated:
        return _shown(get_args(hint)[0])
    if get_origin(hint) is typing.Literal:
        return " | ".join(repr(value) for value in get_args(hint))
    if get_origin(hint) in (typing.Union, types.UnionType):
        return " | ".join(_shown(part) for part in get_args(hint))
    if get_origin(hint) is not None:
        inner = ", ".join("..." if part is ... else _shown(part) for part in get_args(hint))
        return f"{get_origin(hint).__name__}[{inner}]"
    return str(getattr(hint, "__name__", hint))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(surface())
    else:
        print(surface(), end="")
