"""The file system of the run folder: locks, renames, its rate, and what is free."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from pvvae.doctor.bytes_in_words import in_bytes
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

PIECE = 2**22
"""Bytes written at a time. Ours: as large as a network's file system wants them."""
PIECES = 16
"""64 MiB in all: more than a write is likely to be hidden in, and a second of a slow disk."""
PATIENCE = 1.5
"""Seconds after which a rate is known well enough. Ours: the whole command has ten."""
SLOW = 50 * 2**20
"""Bytes a second. Ours: a checkpoint of the paper's VAE (15 GiB) then takes five minutes."""
SKEW = 2.0
"""Seconds. Ours: network file systems keep times to the second, and round."""


@register_check("run folder")
def run_folder(wanted: Wanted) -> Iterator[Finding]:
    """Whether the run folder can be written, locked and renamed in, and how fast."""
    folder = nearest(wanted.run)
    try:
        with tempfile.TemporaryDirectory(prefix=".pvvae-doctor-", dir=folder) as name:
            beside = Path(name)
            yield Finding(name="run folder", found=f"{folder.absolute()} can be written")
            yield from locks(beside)
            yield renames(beside)
            yield clock(beside)
            yield from rates(beside)
    except OSError as error:
        yield Finding(
            name="run folder",
            found=f"{folder.absolute()}: cannot be written ({error.strerror or error})",
            right=False,
            advice="name another with run=..., or change whose it is",
        )
    yield free(folder, wanted.disk_bytes)


def nearest(path: Path) -> Path:
    """The folder itself, or the first above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.is_dir())


def locks(folder: Path) -> Iterator[Finding]:
    """Whether a lock is given, and kept from others."""
    path = folder / "lock"
    with path.open("a") as one, path.open("a") as other:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found, right = "two at once got the same lock", False
        except BlockingIOError:
            found, right = "flock keeps others out", True
        except OSError as error:
            found, right = f"no file locks ({error.strerror})", False
    yield Finding(
        name="file locks",
        found=found,
        right=right,
        advice=""
        if right
        else "choose a run=... on a file system that has them, or mount it with them (Lustre: -o "
        "flock): without, two jobs could write one run",
    )


def renames(folder: Path) -> Finding:
    """Whether a file takes another's place."""
    old, new = folder / "old", folder / "new"
    old.write_text("old")
    new.write_text("new")
    try:
        os.replace(new, old)
        right = old.read_text() == "new" and not new.exists()
        found = "a file takes another's place" if right else "a rename left both files"
    except OSError as error:
        found, right = f"no rename over a file ({error.strerror})", False
    return Finding(
        name="rename",
        found=found,
        right=right,
        advice="" if right else "choose a run=... on another file system: a kill would lose files",
    )


def clock(folder: Path, now: Callable[[], float] = time.time) -> Finding:
    """This node's clock against that of the file system, which all nodes see."""
    path = folder / "clock"
    before = now()
    path.write_text("now")
    written, after = path.stat().st_mtime, now()
    skew = before - written if written < before else min(0.0, after - written)
    right = abs(skew) < SKEW
    return Finding(
        name="clock",
        found="as the file system's" if right else f"{skew:+.1f} s from the file system's",
        right=right,
        advice="" if right else "start chrony or ntpd on this node: jobs compare times of files",
    )


def rates(folder: Path) -> Iterator[Finding]:
    """Bytes a second, written to the disk and read from it again."""
    path, piece = folder / "rate", os.urandom(PIECE)
    with path.open("wb", buffering=0) as file:
        written, seconds = _timed(lambda: _write(file.fileno(), piece))
        with suppress(OSError):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    yield _rate("write rate", written / seconds)
    with path.open("rb", buffering=0) as file:
        read, seconds = _timed(lambda: len(file.read(PIECE) or b""))
    yield _rate("read rate", read / seconds)


def _write(descriptor: int, piece: bytes) -> int:
    done = os.write(descriptor, piece)
    os.fsync(descriptor)
    return done


def _timed(move: Callable[[], int]) -> tuple[int, float]:
    """Bytes moved and seconds, in pieces, until there are enough of either."""
    began, total = time.monotonic(), 0
    for _ in range(PIECES):
        moved = move()
        total += moved
        if moved < PIECE or time.monotonic() - began > PATIENCE:
            break
    return total, max(time.monotonic() - began, 1e-9)


def _rate(name: str, rate: float) -> Finding:
    right = rate >= SLOW
    return Finding(
        name=name,
        found=f"{in_bytes(rate)} a second, in pieces of {in_bytes(PIECE)}",
        right=right,
        advice=""
        if right
        else f"below {in_bytes(SLOW)} a second data and checkpoints are waited for; choose a "
        "run=... on a faster disk",
    )


def free(folder: Path, needed: int | None) -> Finding:
    """Room for what the run will keep."""
    here = shutil.disk_usage(folder).free
    right = needed is None or here >= needed
    wants = "" if needed is None else f", wanted {in_bytes(needed)}"
    return Finding(
        name="disk",
        found=f"{in_bytes(here)} free{wants}",
        right=right,
        advice=""
        if right
        else "free some, choose another run=..., or keep fewer checkpoints (loop.keep_last)",
    )
