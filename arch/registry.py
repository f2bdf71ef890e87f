"""Choosing a network by name: one table per family, filled by a class decorator."""

import functools
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar


class Named(Protocol):
    """A config class that the registry can hold."""

    name: ClassVar[str]


ConfigT = TypeVar("ConfigT", bound=type[Any])

_members: dict[type[Any], dict[str, type[Any]]] = {}


def register(family: type[Any], name: str) -> Callable[[ConfigT], ConfigT]:
    """Class decorator: make ``name`` select this config within ``family``.

    Raises:
        ValueError: if another class of the family already has the name.
    """

    def add(config: ConfigT) -> ConfigT:
        taken = _members.setdefault(family, {}).setdefault(name, config)
        if taken is not config:
            raise ValueError(f"{family.__name__} {name!r} is already in {taken.__module__}")
        config.name = name
        return config

    return add


def lookup(family: type[Any], name: str) -> type[Any]:
    """The config class called ``name`` within ``family``.

    Raises:
        ValueError: for an unknown name; the message lists the known ones.
    """
    discover()
    known = _members.get(family, {})
    if name not in known:
        kind = _kind(family)
        others = [_kind(other) for other, table in _members.items() if name in table]
        but = f" (it is a {others[0]}; only a {kind} can be here)" if others else ""
        raise ValueError(
            f"no {kind} is called {name!r}{but}; known names: {', '.join(sorted(known))}. "
            f"To add one, write arch/{name}.py or name its file under plugins: "
            "(see docs/architecture.md)"
        )
    return known[name]


def _kind(family: type[Any]) -> str:
    return family.__name__.removesuffix("Config").lower()


def names(family: type[Any]) -> tuple[str, ...]:
    """All names registered within ``family``, sorted."""
    discover()
    return tuple(sorted(_members.get(family, {})))


def families() -> frozenset[type[Any]]:
    """The families that have at least one member."""
    discover()
    return frozenset(_members)


@functools.cache
def discover() -> None:
    """Import every module of this package, once, so that all shipped networks are registered."""
    package = importlib.import_module("arch")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"arch.{module.name}")


def load_plugin(path: Path) -> None:
    """Import a user's network file, once for each path.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    path = path.resolve()
    if not path.is_file():
        raise FileNotFoundError(f"no plugin file {path}")
    module_name = f"plugin_{path.stem}_{abs(hash(str(path))):x}"
    if module_name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None  # a .py path always has one
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up while they are made
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
