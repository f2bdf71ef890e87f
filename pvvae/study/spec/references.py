"""Names in a study's file: what is there, and run folders that stand for stages."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pvvae.errors import ConfigError

REFERENCE = re.compile(r"^\$([A-Za-z_]\w*)(?=/|$)")
"""A text that begins with a stage's run folder."""


def known(name: str, names: Iterable[str], what: str) -> None:
    """Refuse a name that is not among ``names``.

    Raises:
        ConfigError: with the nearest, or all of them.
    """
    there = list(names)
    if name in there:
        return
    near = difflib.get_close_matches(name, there, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(there)}"
    raise ConfigError(f"no {what} is called {name!r}; {hint}")


def references(value: Any) -> Iterator[str]:
    """Stages that a value names, however deep."""
    if isinstance(value, str):
        found = REFERENCE.match(value)
        if found:
            yield found[1]
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from references(part)


def referred(value: Any, folders: Mapping[str, str]) -> Any:
    """``value`` with run folders in the place of the stages that it names."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: folders[found[1]], value)
    if isinstance(value, Mapping):
        return {key: referred(part, folders) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [referred(part, folders) for part in value]
    return value
