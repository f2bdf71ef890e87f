"""Reading results.json, whoever wrote it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pvvae.errors import ConfigError

OTHER_FORM = (
    "not of this version's form (pvvae/metrics/results.py); measure again, in another run folder"
)


def read_results(path: Path) -> dict[str, Any]:
    """What an evaluation or ``pvvae metrics --json`` wrote.

    Raises:
        ConfigError: if there is no such file, or if it is no such file.
    """
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file of results") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as results: {error}") from None
    if not _has_form(data):
        raise ConfigError(f"{path}: {OTHER_FORM}")
    return dict(data)


def _has_form(data: Any) -> bool:
    if not isinstance(data, Mapping):
        return False
    metrics, protocol = data.get("metrics"), data.get("protocol")
    return (
        isinstance(metrics, Mapping)
        and isinstance(protocol, Mapping)
        and isinstance(data.get("counts"), Mapping)
        and all(_is_value(value) for value in metrics.values())
    )


def _is_value(data: Any) -> bool:
    if not isinstance(data, Mapping) or "value" not in data:
        return False
    interval = data.get("interval")
    return isinstance(data["value"], int | float | None) and (
        interval is None or (isinstance(interval, list) and len(interval) == 2)
    )
