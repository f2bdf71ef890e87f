"""What lies below a folder: files to look at, and a count of what is passed over."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pvvae.data.file_names import is_hidden
from pvvae.errors import ConfigError

HIDDEN, LINKED, CLOSED = "hidden", "linked folders", "folders that cannot be read"
SPECIAL, BARE, OUTSIDE = "special files", "without a suffix", "images in no folder"
"""How files are counted that are passed over, where it is not by their suffix."""


@dataclass(frozen=True)
class Tree:
    """Files below a folder."""

    paths: tuple[Path, ...]
    """Files, and links to files that may be gone: reading those is to show it."""
    passed_over: Counter[str]
    """What is not among them, by kind."""


def tree_of(folder: Path, *, suffixes: frozenset[str]) -> Tree:
    """All files below ``folder`` whose names end in one of ``suffixes``, in any case.

    Hidden ones, links to folders and special files (pipes, which would be waited for) are passed
    over, and so is any file of another kind.

    Raises:
        ConfigError: for a missing folder, or one that cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name one with videos or images in it")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ConfigError(f"{folder}: cannot be read; check its permissions")
    paths: list[Path] = []
    passed_over: Counter[str] = Counter()

    def closed(error: OSError) -> None:
        passed_over[CLOSED] += 1

    for where, folders, files in os.walk(folder, onerror=closed):
        hidden = [name for name in folders if is_hidden(name)]
        linked = [name for name in folders if (Path(where) / name).is_symlink()]
        folders[:] = sorted({*folders}.difference(hidden, linked))
        passed_over[HIDDEN] += len(hidden)
        passed_over[LINKED] += len({*linked}.difference(hidden))
        for name in files:
            path = Path(where) / name
            reason = _passed_over(path, suffixes)
            if reason is None:
                paths.append(path)
            else:
                passed_over[reason] += 1
    return Tree(tuple(sorted(paths)), +passed_over)


def _passed_over(path: Path, suffixes: frozenset[str]) -> str | None:
    """Why a file is not looked at, if it is not."""
    if is_hidden(path.name):
        return HIDDEN
    if path.exists() and not path.is_file():
        return SPECIAL
    suffix = path.suffix.lower()
    return None if suffix in suffixes else suffix or BARE


def told(passed_over: Counter[str]) -> str:
    """In words: how many files, and of which kinds; empty for none."""
    if not passed_over:
        return ""
    kinds = sorted(passed_over.items(), key=lambda item: (-item[1], item[0]))
    total = sum(passed_over.values())
    return f"passed over {total}: " + ", ".join(f"{count} {kind}" for kind, count in kinds)
