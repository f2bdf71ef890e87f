"""Checkpoints that a kill at any moment cannot spoil.

A checkpoint is written under a temporary name and renamed when it is whole, so a folder called
``step_`` and eight digits is complete by existing; its manifest says what must be in it. Folders
of any other name are not ours: none is read, counted or removed.
"""

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae import distributed
from pvvae.errors import ConfigError
from pvvae.files import raise_if_unwritable, write_json
from pvvae.run.folder import checkpoint_folders, step_of_folder
from pvvae.run.manifest import damage, description, read_manifest, write_manifest

UNFINISHED = re.compile(r"\.step_\d{8}\.(partial|removed)")
"""Names of folders that are being filled or removed."""
LISTS = "lists"
"""Folder in a half-written checkpoint: what each process has written, by rank."""
LOOK_EVERY = 0.05
"""Seconds between looks for the other processes' lists. Ours: nothing beside writing a file."""
LAST_WAIT = 20.0
"""Seconds that a failing process waits for a checkpoint that it has begun. Ours: within the 30 that
launchers leave a process they have told to end."""

Write = Callable[[Path], list[Path]]
"""Writes into a folder; returns the files it wrote."""


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    folder: Path
    step: int
    """Steps done when it was written."""
    facts: dict[str, Any]
    """What the writer wanted to remember: number of processes, held-out score."""


class Writer:
    """Writes one checkpoint after another, each while training goes on.

    Every process writes its files from a thread and then a list of them; the main process's thread
    waits for all lists, completes the checkpoint and removes those no longer wanted. No thread
    takes part in a collective call, so training never waits for a disk.
    """

    def __init__(self, folder: Path, *, keep_last: int) -> None:
        """Write into ``folder``; of what is there the ``keep_last`` newest stay, and the best."""
        self._folder, self._keep_last, self._rank = folder, keep_last, distributed.rank()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._given_up = threading.Event()

    def __enter__(self) -> "Writer":
        """Find out at once whether anything can be written there.

        Raises:
            ConfigError: on the main process, if not.
        """
        if distributed.is_main():
            self._make(0)
            _sweep(self._folder)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let a begun checkpoint come to its end, also when training has come to a bad one."""
        if kind is None:
            self.wait()
        elif self._thread is not None:
            self._thread.join(LAST_WAIT)
            self._given_up.set()
            self._thread.join()

    def save(self, step: int, *, write: Write, facts: dict[str, Any]) -> None:
        """Begin one checkpoint, when the one before is done; a collective call.

        Args:
            step: steps done.
            write: writes copies of this process's state into the folder it is given, which no other
                process's files may have the names of, and lists what it wrote; called later.
            facts: plain data for :attr:`Checkpoint.facts`; ``score``, if there, ranks checkpoints.

        Raises:
            ConfigError: as :meth:`wait`.
        """
        self.wait()
        distributed.barrier()
        if distributed.is_main():
            self._make(step)
        distributed.barrier()
        partial = self._partial(step)
        facts = facts | {"processes": distributed.world_size()}
        inputs = (partial, write, step, facts)
        self._thread = threading.Thread(target=self._write, args=inputs, daemon=True)
        self._thread.start()

    def _partial(self, step: int) -> Path:
        return self._folder / f".step_{step:08d}.partial"

    def _make(self, step: int) -> None:
        """An empty folder to fill, and none that killed runs have left."""
        _sweep(self._folder)
        with _disk_trouble(self._partial(step)):
            self._partial(step).mkdir(parents=True)

    def check(self) -> None:
        """Say what has gone wrong in the background, if anything.

        Raises:
            ConfigError: on the process whose disk is full or refuses; older checkpoints stay.
        """
        error, self._error = self._error, None
        if error is not None:
            raise error

    def wait(self) -> None:
        """Until the checkpoint begun last is on disk.

        Raises:
            ConfigError: on the process whose disk is full or refuses; older checkpoints stay.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.check()

    def _write(self, partial: Path, write: Write, step: int, facts: dict[str, Any]) -> None:
        try:
            with _disk_trouble(partial):
                files = {str(p.relative_to(partial)): description(p) for p in write(partial)}
                write_json(partial / LISTS / f"{self._rank}.json", files)
                if self._rank == 0:
                    self._collect(partial, step, facts)
                    _prune(self._folder, self._keep_last, step)
        except BaseException as error:  # raised by check(), where it can be handled
            self._error = error

    def _collect(self, partial: Path, step: int, facts: dict[str, Any]) -> None:
        lists = [partial / LISTS / f"{rank}.json" for rank in range(facts["processes"])]
        while not all(path.exists() for path in lists):
            if not partial.exists() or self._given_up.wait(LOOK_EVERY):
                return  # another process could not write, and says so
        _complete(partial, step, facts, lists)


def save(
    folder: Path,
    step: int,
    *,
    write: Write,
    facts: dict[str, Any],
    keep_last: int,
) -> None:
    """Write one checkpoint and wait for it: :class:`Writer` for one."""
    writer = Writer(folder, keep_last=keep_last)
    writer.save(step, write=write, facts=facts)
    writer.wait()
    distributed.barrier()


def newest(folder: Path, *, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint whose files are as its manifest says, None if there is none.

    A damaged one is passed over with a word to ``warn``.
    """
    for path in reversed(checkpoint_folders(folder)):
        problem = damage(path)
        if problem is None:
            return _read(path)
        warn(f"{path}: damaged ({problem}); going on from the checkpoint before it")
    return None


def best(folder: Path) -> Checkpoint | None:
    """The checkpoint with the highest score, the newest among equals; None if none has a score."""
    readable = [c for c in map(_read, checkpoint_folders(folder)) if c is not None]
    scored = [c for c in readable if c.facts.get("score") is not None]
    return max(scored, key=lambda c: (c.facts["score"], c.step), default=None)


def at_step(folder: Path, step: int) -> Checkpoint:
    """The checkpoint of one step.

    Raises:
        ConfigError: if there is none, or it is damaged; the message names those that exist.
    """
    path = folder / f"step_{step:08d}"
    problem = damage(path) if path.is_dir() else "it does not exist"
    found = None if problem else _read(path)
    if found is None:
        steps = ", ".join(str(step_of_folder(p)) for p in checkpoint_folders(folder))
        raise ConfigError(f"{path}: {problem}; there are checkpoints of steps {steps or 'none'}")
    return found


@contextmanager
def _disk_trouble(partial: Path) -> Iterator[None]:
    """What a disk raises that is full or refuses, as one line; the space goes back."""
    try:
        yield
    except Exception as error:
        # Another process that met a full disk has removed the folder from under this one.
        removed = not partial.exists() and partial.parent.is_dir()
        shutil.rmtree(partial, ignore_errors=True)
        raise_if_unwritable(error, partial.parent)
        if removed and not isinstance(error, ConfigError):
            raise ConfigError(
                f"{partial.parent}: the disk is full; another process gave up, and nothing "
                "already saved is lost. Free some space and give the same command again"
            ) from None
        raise


def _sweep(folder: Path) -> None:
    """Remove what killed runs have left half written or half removed."""
    for path in folder.glob(".step_*"):
        if UNFINISHED.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _complete(partial: Path, step: int, facts: dict[str, Any], lists: list[Path]) -> None:
    """Put together what all processes have listed, and give the checkpoint its name."""
    files = {name: d for path in lists for name, d in json.loads(path.read_text()).items()}
    shutil.rmtree(partial / LISTS)
    write_manifest(partial, {"step": step, "facts": facts, "files": files})
    target = partial.parent / f"step_{step:08d}"
    if target.exists():  # written before a resume from an older one
        _remove(target)
    os.replace(partial, target)


def _remove(folder: Path) -> None:
    """Out of sight first, so that no half-removed folder ever carries a checkpoint's name."""
    doomed = folder.with_name(f".{folder.name}.removed")
    os.replace(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _read(path: Path) -> Checkpoint | None:
    manifest = read_manifest(path)
    if manifest is None or manifest["step"] != step_of_folder(path):
        return None
    return Checkpoint(path, int(manifest["step"]), manifest["facts"])


def _prune(folder: Path, keep_last: int, step: int) -> None:
    """Remove all but the ``keep_last`` newest up to ``step``, which was just written, and the best.

    A later one is of before the run went back, and damaged: counted, it would push out the others.
    """
    done = [path for path in checkpoint_folders(folder) if step_of_folder(path) <= step]
    kept = set(done[-keep_last:])
    champion = best(folder)
    if champion is not None:
        kept.add(champion.folder)
    for path in done:
        if path not in kept:
            _remove(path)
