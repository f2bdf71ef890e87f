"""Results by kind of machine and check, kept after each so that the same line goes on."""

import dataclasses
import platform
from pathlib import Path
from typing import Any

from launchers.doctor.gpu_check import CheckResult
from pvvae.config.reading import read_json
from pvvae.errors import ConfigError
from pvvae.files import write_json


def machine() -> str:
    """The kind of machine: its GPU, or its CPU."""
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"CPU, {platform.machine()}"


def read_results(path: Path) -> dict[str, dict[str, CheckResult]]:
    """What has been found, by machine and check; nothing if there is no file.

    Raises:
        ConfigError: for a file that is none of these.
    """
    if not path.is_file():
        return {}
    plain = read_json(path)
    try:
        return {
            kind: {name: CheckResult(**found) for name, found in checks.items()}
            for kind, checks in plain.items()
        }
    except (AttributeError, TypeError):
        raise ConfigError(
            f"{path}: not results of `pvvae doctor`; name another --results"
        ) from None


def keep_result(path: Path, kind: str, name: str, result: CheckResult) -> None:
    """Add one result to the file, which is whole at any moment."""
    found: dict[str, Any] = {
        each: {check: dataclasses.asdict(result) for check, result in checks.items()}
        for each, checks in read_results(path).items()
    }
    found.setdefault(kind, {})[name] = dataclasses.asdict(result)
    write_json(path, found)
