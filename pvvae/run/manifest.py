"""The manifest of a checkpoint: its step, what its writer remembers, and its files."""

import json
import math
import os
from pathlib import Path
from typing import Any

from pvvae.config.reading import file_digest, read_object
from pvvae.errors import ConfigError
from pvvae.run.folder import step_of_folder

MANIFEST = "manifest.json"


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of the checkpoint ``path``; None if there is none that can be read."""
    try:
        manifest = read_object(path / MANIFEST)
    except ConfigError:
        return None
    return manifest if _is_manifest(manifest) else None


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of the checkpoint ``path``; it is on disk afterwards."""
    with (path / MANIFEST).open("w") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def description(path: Path) -> list[Any]:
    """Size and SHA-256 of a file, which then is on disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return [path.stat().st_size, file_digest(path)]


def damage(path: Path) -> str | None:
    """What of the checkpoint ``path`` is not as it was written; None if all is."""
    manifest = read_manifest(path)
    if manifest is None:
        return f"no readable {MANIFEST}"
    if manifest["step"] != step_of_folder(path):
        return f"its {MANIFEST} is of step {manifest['step']}"
    for name, (size, digest) in manifest["files"].items():
        part = path / name
        if not part.is_file():
            return f"{name} is missing"
        if part.stat().st_size != size or file_digest(part) != digest:
            return f"{name} is not what was written"
    return None


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
