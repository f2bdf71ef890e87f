"""Changing plain data: mappings laid over one another, and ``key.path=value`` words."""

from collections.abc import Mapping, Sequence
from typing import Any

from pvvae.config.reading import parse_yaml
from pvvae.errors import ConfigError, quoted

DEEPEST_KEY = 20
"""Parts of a ``key.path``. Ours: the deepest has five."""


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``top`` over ``base``, recursively; neither is changed."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            renamed = "name" in value and "name" in below and value["name"] != below["name"]
            merged[key] = dict(value) if renamed else merge(below, value)
        else:
            merged[key] = value
    return merged


def apply_overrides(data: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Apply ``key.path=value`` words; the value is read as YAML.

    Raises:
        ConfigError: for a word without ``=``, a path through something that is no mapping, or a
            value that is not YAML.
    """
    return apply_values(data, read_overrides(overrides))


def read_overrides(words: Sequence[str]) -> dict[str, Any]:
    """Values by ``key.path``, read from ``key.path=value`` words; of two for one key the last.

    Raises:
        ConfigError: for a word without ``=``, or a value that is not YAML.
    """
    values: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise ConfigError(f"{quoted(word)}: an override is written key.path=value")
        if path.count(".") >= DEEPEST_KEY:
            raise ConfigError(f"{quoted(word)}: no key has that many parts")
        try:
            value = parse_yaml(text, word)
        except ConfigError:
            raise ConfigError(f"{quoted(word)}: {quoted(text)} is not a YAML value") from None
        values.pop(path, None)  # it is applied where it stands last
        values[path] = value
    return values


def apply_values(data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Apply values by ``key.path``, one after another.

    Raises:
        ConfigError: for a path through something that is no mapping.
    """
    for path, value in values.items():
        layer: Any = value
        for part in reversed(path.split(".")):
            layer = {part: layer}
        data = merge(data, layer)
    return dict(data)
