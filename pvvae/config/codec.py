"""YAML to frozen dataclasses and back.

A file may say ``extends:`` (one or several files, merged left to right, relative to itself) and
``plugins:`` (Python files that register networks). Mappings merge key by key; one that changes
its ``name`` replaces the other whole, since the keys belong to the name. ``null`` means None.
"""

import dataclasses
import difflib
import itertools
import traceback
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from arch import ranges, registry
from pvvae.config.overrides import merge
from pvvae.config.reading import list_of_texts, read_config_file
from pvvae.errors import ConfigError, one_line, quoted, shown

ConfigT = TypeVar("ConfigT")


MOST_FILES = 100
"""Files that one config extends, all taken together. Ours: shipped ones extend three."""


class _OutOfRangeError(ConfigError):
    """A number outside its declared range."""


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file with its ``extends`` resolved; ``plugins`` come back as absolute paths.

    Raises:
        ConfigError: for a missing file, broken YAML, a file that is not a mapping, or files that
            extend one another in a circle.
    """
    return _read(path, below=(), count=itertools.count(1))


def _read(path: Path, *, below: tuple[Path, ...], count: Iterator[int]) -> dict[str, Any]:
    """One file, extended by those of ``below``, of which ``count`` counts all."""
    data = read_config_file(path)
    whole = path.resolve()
    if whole in below:
        raise ConfigError(f"{path}: extends itself, through {below[-1].name}")
    if next(count) > MOST_FILES:
        raise ConfigError(f"{path}: more than {MOST_FILES} files extend one another")
    bases = data.pop("extends", None) or []
    bases = list_of_texts([bases] if isinstance(bases, str) else bases, f"{path}: extends")
    plugins = list_of_texts(data.get("plugins") or [], f"{path}: plugins")
    data["plugins"] = [str((path.parent / plugin).resolve()) for plugin in plugins]
    merged: dict[str, Any] = {}
    for base in bases:
        merged = merge(merged, _read(path.parent / base, below=(*below, whole), count=count))
    plugins = [*merged.get("plugins", []), *data["plugins"]]
    return merge(merged, data) | {"plugins": list(dict.fromkeys(plugins))}


def load_plugins(data: Mapping[str, Any]) -> None:
    """Import the Python files under ``plugins``.

    Raises:
        ConfigError: if one does not exist or cannot be imported, with the line at fault.
    """
    for plugin in data.get("plugins", []):
        try:
            registry.load_plugin(Path(plugin))
        except FileNotFoundError as error:
            raise ConfigError(f"plugins: {error}") from None
        except (Exception, SystemExit) as error:  # a script that ends itself is no plugin either
            last = traceback.extract_tb(error.__traceback__)[-1]
            text = one_line(f"{type(error).__name__}: {error}", 300)
            raise ConfigError(
                f"plugins: {plugin}: {text} ({last.filename}:{last.lineno})"
            ) from error


def decode(target: type[ConfigT], data: Any, where: str = "") -> ConfigT:
    """Build ``target`` (a dataclass, or a registered family) from plain data.

    Raises:
        ConfigError: for an unknown or missing key, or a value of the wrong type; the message
            starts with the key's path and says what would be right.
    """
    return typing.cast(ConfigT, _value(target, data, where))


def check_ranges(config: Any) -> None:
    """Refuse a config with a number outside its declared range, however it was made.

    Raises:
        ConfigError: naming the first such key.
    """
    try:
        ranges.check(config)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def encode(config: Any) -> Any:
    """Plain data that :func:`decode` turns back into an equal config."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        fields = {f.name: encode(getattr(config, f.name)) for f in dataclasses.fields(config)}
        name = getattr(type(config), "name", None)
        return {"name": name, **fields} if isinstance(name, str) else fields
    if isinstance(config, tuple | list):
        return [encode(item) for item in config]
    if isinstance(config, Mapping):
        return {key: encode(item) for key, item in config.items()}
    return config


def differences(one: Any, two: Any, where: str = "") -> list[str]:
    """Paths at which two plain configs differ, as ``path: a != b``."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        keys = dict.fromkeys([*one, *two])
        found = (differences(one.get(k), two.get(k), _join(where, str(k))) for k in keys)
        return [line for lines in found for line in lines]
    return [] if one == two else [f"{where}: {quoted(one)} != {quoted(two)}"]


def _join(where: str, key: str) -> str:
    return f"{where}.{shown(key)}" if where else key


def _value(target: Any, data: Any, where: str) -> Any:
    origin = get_origin(target)
    if origin is Annotated:
        return _number(target, data, where)
    if origin in (Union, types.UnionType):
        return _optional(target, data, where)
    if origin is typing.Literal:
        if data not in get_args(target):
            options = ", ".join(map(str, get_args(target)))
            raise ConfigError(f"{where}: must be one of {options}; got {quoted(data)}")
        return data
    if origin is tuple:
        return _tuple(target, data, where)
    if origin is dict:
        if not isinstance(data, Mapping):
            raise ConfigError(f"{where}: must be a mapping, got {quoted(data)}")
        inner = get_args(target)[1]
        return {str(key): _value(inner, item, _join(where, str(key))) for key, item in data.items()}
    if target in registry.families():
        return _named(target, data, where)
    if dataclasses.is_dataclass(target):
        return _dataclass(target, data, where)
    return _scalar(target, data, where)


def _optional(target: Any, data: Any, where: str) -> Any:
    options = [option for option in get_args(target) if option is not type(None)]
    if data is None and len(options) < len(get_args(target)):
        return None
    failures = []
    for option in options:
        try:
            return _value(option, data, where)
        except ConfigError as error:
            failures.append(error)
    # Of the right kind but too large says more than of the wrong kind.
    raise next((error for error in failures if isinstance(error, _OutOfRangeError)), failures[-1])


def _number(target: Any, data: Any, where: str) -> Any:
    value, allowed = _value(get_args(target)[0], data, where), ranges.declared(target)
    if value not in allowed:
        raise _OutOfRangeError(f"{where}: must be {allowed.wanted(value)}, got {data!r}")
    return value


def _tuple(target: Any, data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise ConfigError(f"{where}: must be a list, got {quoted(data)}")
    inner = get_args(target)
    if inner[-1] is Ellipsis:
        return tuple(_value(inner[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if len(data) != len(inner):
        raise ConfigError(f"{where}: must have {len(inner)} entries, got {len(data)}")
    return tuple(
        _value(t, item, f"{where}[{i}]")
        for i, (t, item) in enumerate(zip(inner, data, strict=True))
    )


def _named(family: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping) or "name" not in data:
        known = ", ".join(registry.names(family))
        raise ConfigError(f"{where}: needs a name; known names: {known}")
    try:
        target = registry.lookup(family, str(data["name"]))
    except ValueError as error:
        raise ConfigError(f"{where}.name: {error}") from None
    return _dataclass(target, {k: v for k, v in data.items() if k != "name"}, where)


def _dataclass(target: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"{where}: must be a mapping of {target.__name__}'s keys, got {quoted(data)}"
        )
    hints = ranges.hints_of(target)
    fields = {field.name: field for field in dataclasses.fields(target)}
    for key in data:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"its keys: {', '.join(fields)}"
            raise ConfigError(
                f"{_join(where, shown(key))}: {_called(target)} has no such key; {hint}"
            )
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(hints[name], data[name], _join(where, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{_join(where, name)}: missing; {_called(target)} needs this key")
    try:
        return target(**values)
    except ConfigError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{where}: {error}" if where else str(error)) from None


def _called(target: type[Any]) -> str:
    """A config class by name; every stage's is called Config."""
    name = target.__name__
    return f"stage {target.__module__.rpartition('.')[2]}" if name == "Config" else name


def _scalar(target: Any, data: Any, where: str) -> Any:
    if target is Any:
        return data
    if target is float and not isinstance(data, bool):
        try:  # YAML 1.1 reads 5e-5 as a string, and a whole number may be too large for a float
            return float(data)
        except (TypeError, ValueError, OverflowError):
            pass
    if target is int and isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, target) and not (target is int and isinstance(data, bool)):
        return data
    raise ConfigError(f"{where}: must be {_article(target)}, got {quoted(data)}")


def _article(target: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return words.get(target, f"a {getattr(target, '__name__', target)}")
