"""Finding a stage by name and its config in a YAML file."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import stages
from pvvae import config as codec
from pvvae.errors import ConfigError

_NOT_STAGES = ("program", "__main__")


def names() -> tuple[str, ...]:
    """All stages, by file name."""
    found = (module.name for module in pkgutil.iter_modules(stages.__path__))
    return tuple(name for name in found if name not in _NOT_STAGES)


def load(path: Path, overrides: Sequence[str]) -> tuple[Callable[[Any], None], Any]:
    """The program and the config of a YAML file.

    Raises:
        ConfigError: for anything wrong with the file or the overrides.
    """
    return decode(codec.apply_overrides(codec.read_yaml(path), overrides), path)


def decode(plain: Mapping[str, Any], path: Path) -> tuple[Callable[[Any], None], Any]:
    """The program and the config of plain data, which was read from ``path`` and changed since.

    Raises:
        ConfigError: for anything wrong with it.
    """
    data = dict(plain)
    if "stage" not in data:
        raise ConfigError(f"{path}: names no stage; known stages: {', '.join(names())}")
    module = _module(str(data.pop("stage")), path)
    codec.load_plugins(data)

    from pvvae.pretrained.like import spelled_out  # with torch, which listing stages does without

    try:
        return module.run, codec.decode(module.Config, spelled_out(data))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def resolved(config: Any) -> dict[str, Any]:
    """A stage's config as plain data, ``stage`` included, that :func:`load` turns back into it."""
    return {"stage": type(config).__module__.removeprefix("stages."), **codec.encode(config)}


def config_class(name: str) -> type[Any]:
    """The config class of a stage, by the stage's name."""
    config: type[Any] = importlib.import_module(f"stages.{name}").Config
    return config


def _module(name: str, path: Path) -> ModuleType:
    if name not in names():
        raise ConfigError(
            f"{path}: no stage is called {name!r}; known stages: {', '.join(names())}"
        )
    return importlib.import_module(f"stages.{name}")
