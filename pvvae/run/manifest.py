"""The manifest of a checkpoint: its step, what its writer remembers, and its files."""

import math
from pathlib import Path
from typing import Any

from pvvae.config.reading import read_object
from pvvae.errors import ConfigError

MANIFEST = "manifest.json"


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of the checkpoint ``path``; None if there is none that can be read."""
    try:
        manifest = read_object(path / MANIFEST)
    except ConfigError:
        return None
    return manifest if _is_manifest(manifest) else None


def _is_manifest(data: dict[str, Any]) -> bool:
    facts, files = data.get("facts"), data.get("files")
    if not isinstance(data.get("step"), int) or not isinstance(facts, dict):
        return False
    score = facts.get("score")
    return (
        (score is None or (isinstance(score, int | float) and not math.isnan(score)))
        and isinstance(files, dict)
        and all(_is_description(name, described) for name, described in files.items())
    )


def _is_description(name: str, described: Any) -> bool:
    """Whether a name stays in its folder and has a size and a digest."""
    return (
        not Path(name).is_absolute()
        and ".." not in Path(name).parts
        and "\0" not in name
        and isinstance(described, list)
        and list(map(type, described)) == [int, str]
    )
