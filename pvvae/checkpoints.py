"""Checkpoints that a kill at any moment cannot spoil.

A checkpoint is written under a temporary name and renamed when it is whole, so a folder called
``step_…`` is complete by existing; its manifest says what must be in it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae import distributed
from pvvae.files import raise_if_disk_full

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    folder: Path
    step: int
    """Steps done when it was written."""
    facts: dict[str, Any]
    """What the writer wanted to remember: number of processes, held-out score."""


def save(
    folder: Path,
    step: int,
    *,
    write: Callable[[Path], None],
    facts: dict[str, Any],
    keep_last: int,
) -> None:
    """Write one checkpoint and remove those no longer wanted; a collective call.

    Args:
        folder: of all checkpoints of the run.
        step: steps done.
        write: writes this process's files into the folder it is given.
        facts: plain data for :attr:`Checkpoint.facts`; ``score``, if there, ranks checkpoints.
        keep_last: how many of the newest stay; the one with the best score stays as well.

    Raises:
        ConfigError: on the process whose disk is full; older checkpoints stay.
    """
    partial = folder / f".step_{step:08d}.partial"
    if distributed.is_main():
        _sweep(folder)
        partial.mkdir(parents=True)
    distributed.barrier()
    # A process that cannot write ends at once, and its launcher ends the others: inside the
    # collective calls of ``write`` they could not be told.
    with _disk_trouble(partial):
        write(partial)
    distributed.barrier()
    if distributed.is_main():
        with _disk_trouble(partial):
            _complete(partial, step, facts)
        _prune(folder, keep_last)
    distributed.barrier()


def newest(folder: Path, *, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint whose files are as its manifest says, None if there is none.

    A damaged one is passed over with a word to ``warn``.
    """
    for path in reversed(_folders(folder)):
        problem = _damage(path)
        if problem is None:
            return _read(path)
        warn(f"{path}: damaged ({problem}); going on from the checkpoint before it")
    return None


def best(folder: Path) -> Checkpoint | None:
    """The checkpoint with the highest score, the newest among equals; None if none has a score."""
    readable = [c for c in map(_read, _folders(folder)) if c is not None]
    scored = [c for c in readable if c.facts.get("score") is not None]
    return max(scored, key=lambda c: (c.facts["score"], c.step), default=None)


@contextmanager
def _disk_trouble(partial: Path) -> Iterator[None]:
    """What a full disk raises, as one line; the space goes back."""
    try:
        yield
    except Exception as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise_if_disk_full(error, partial.parent)
        raise


def _sweep(folder: Path) -> None:
    """Remove what killed runs have left half written or half removed."""
    for path in folder.glob(".step_*"):
        shutil.rmtree(path, ignore_errors=True)


def _complete(partial: Path, step: int, facts: dict[str, Any]) -> None:
    files = sorted(p for p in partial.rglob("*") if p.is_file())
    sizes = {str(p.relative_to(partial)): [p.stat().st_size, _digest(p)] for p in files}
    manifest = {"step": step, "facts": facts, "files": sizes}
    with (partial / MANIFEST).open("w") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    target = partial.parent / f"step_{step:08d}"
    if target.exists():  # written before a resume from an older one
        shutil.rmtree(target)
    os.replace(partial, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damage(path: Path) -> str | None:
    manifest = _manifest(path)
    if manifest is None:
        return f"no readable {MANIFEST}"
    for name, (size, digest) in manifest["files"].items():
        part = path / name
        if not part.is_file():
            return f"{name} is missing"
        if part.stat().st_size != size or _digest(part) != digest:
            return f"{name} is not what was written"
    return None


def _read(path: Path) -> Checkpoint | None:
    manifest = _manifest(path)
    return None if manifest is None else Checkpoint(path, int(manifest["step"]), manifest["facts"])


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return manifest if manifest.keys() >= {"step", "facts", "files"} else None


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("step_*") if p.is_dir())


def _prune(folder: Path, keep_last: int) -> None:
    kept = set(_folders(folder)[-keep_last:])
    champion = best(folder)
    if champion is not None:
        kept.add(champion.folder)
    for path in _folders(folder):
        if path not in kept:
            # Out of sight first, so that no half-removed folder ever carries the name.
            doomed = path.with_name(f".{path.name}.removed")
            os.replace(path, doomed)
            shutil.rmtree(doomed, ignore_errors=True)
