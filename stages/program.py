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
LIKE = "like"
"""Key of a network that is another's."""


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
    try:
        return module.run, codec.decode(module.Config, spelled_out(data))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def spelled_out(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's config as plain data, each network with all its own keys.

    A network may be named in place of its keys, as that of a run, of a published folder, or of
    ``box:NAME``; what stands beside changes it: ``denoiser: {like: runs/latte, num_classes: 3}``.

    Raises:
        ConfigError: if there is no such network.
    """
    data = dict(plain)
    for key in ("backbone", "denoiser"):
        given = data.get(key)
        if not isinstance(given, Mapping) or LIKE not in given:
            continue
        rest = {name: value for name, value in given.items() if name != LIKE}
        try:
            data[key] = _network(key, Path(str(given[LIKE]))) | rest
        except ConfigError as error:
            raise ConfigError(f"{key}.{LIKE}: {error}") from None
    return data


def _network(key: str, source: Path) -> dict[str, Any]:
    """Keys of the network in ``source``."""
    # They come with torch, which listing stages does without.
    if key == "backbone":
        from pvvae.pretrained.runs import vae_config

        return dict(codec.encode(vae_config(source)[0]))
    from pvvae.pretrained.denoisers import denoiser_config

    return dict(codec.encode(denoiser_config(source)))


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
