"""Where a command may write: over nothing that it was not told to replace.

A file that is there stays unless ``--overwrite`` is given. What was read, and what a run needs to
be one, is never replaced. Pages are made again and again from the same runs, so a folder of pages
has a note of what made it, and that same command may write there again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pvvae.errors import ConfigError
from pvvae.files import write_text

NOTE = ".made_by"
"""In a folder of pages: the command and what it is about."""
OWN = frozenset(
    (
        *("config.yaml", "provenance.json", "metrics.jsonl", "finished.json", "progress.json"),
        *("results.json", "data.json", "latents.json", "labels.json", "eval_manifest.json"),
        *("checkpoints", "samples", "clips", "measured", "train", "held_out", "wandb", "wandb_id"),
        *("stalls", "profile", ".lock"),
    )
)
"""Names in a run folder that are the run's."""


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Declare ``--overwrite``."""
    parser.add_argument("--overwrite", action="store_true", help="replace what is there already")


def check_output(
    out: Path, *, sources: Sequence[Path | None] = (), overwrite: bool, whole: bool = False
) -> None:
    """Refuse to write what would replace something.

    Args:
        out: a file or a folder that is to be written.
        sources: what the command reads.
        overwrite: whether the user said that it may be replaced.
        whole: whether ``out`` is a folder that must be empty, not one to which files are added.

    Raises:
        ConfigError: if ``out`` is a source, a run's own, or there already.
    """
    for source in sources:
        if source is not None and _same(out, source):
            raise ConfigError(
                f"{out}: is read by this command and would be overwritten; name another place"
            )
    check_not_of_a_run(out)
    there = out.is_file() or (whole and out.is_dir() and any(out.iterdir()))
    if there and not overwrite:
        raise ConfigError(f"{out}: is there already; name another place, or give --overwrite")


def check_data_folder(out: Path, *, sources: Sequence[Path | None] = ()) -> None:
    """Refuse a folder in which shards have no place.

    Shards have no ``--overwrite``: they may be days of work, and what is there already says itself
    whether it is the same set, to be finished, or another, to be refused.

    Args:
        out: the folder.
        sources: what the command reads.

    Raises:
        ConfigError: if ``out`` is a file, a source, or a run's own.
    """
    for source in sources:
        if source is not None and _same(out, source):
            raise ConfigError(f"{out}: is read by this command; name another folder")
    check_not_of_a_run(out)
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; name a folder")


def check_not_of_a_run(out: Path) -> None:
    """Refuse a place where a run keeps what it needs.

    Raises:
        ConfigError: naming the run.
    """
    path = out.resolve()
    for folder in (path, *path.parents):
        if not ((folder / "config.yaml").is_file() and (folder / "provenance.json").is_file()):
            continue
        inner = path.relative_to(folder).parts
        if not inner or inner[0] in OWN:
            raise ConfigError(f"{out}: belongs to the run {folder}; name a place outside of it")


def claim_folder(
    folder: Path, made_by: str, *, names: Sequence[str], overwrite: bool, ours: bool = False
) -> None:
    """Take a folder for pages that are made again and again.

    Args:
        folder: where they will be.
        made_by: the command and what it is about; who has the folder already must say the same.
        names: patterns of the files that will be written.
        overwrite: whether the user said that others' may be replaced.
        ours: whether what else is in the folder shows that it is this command's.

    Raises:
        ConfigError: naming a file that something else has made.
    """
    check_not_of_a_run(folder)
    note = folder / NOTE
    if note.is_file() and note.read_text(errors="replace").strip() == made_by:
        return
    there = sorted(path for name in names for path in folder.glob(name))
    if there and not (overwrite or ours):
        raise ConfigError(
            f"{there[0]}: is there already, made by hand or by `{made_by.partition(' of ')[0]}` of "
            "something else; name another folder, or give --overwrite"
        )
    write_text(note, f"{made_by}\n")


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
