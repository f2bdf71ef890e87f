"""Processes that must not outlive, or run beside, one another.

Both use the kernel's file locks, which vanish with their holder however it dies.
"""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pvvae.errors import ConfigError

VARIABLE = "PVVAE_LIFELINE"
PATIENCE = 15.0  # seconds; ours: longer than a killed run's processes take to notice


@contextmanager
def hold_lifeline() -> Iterator[dict[str, str]]:
    """Environment for child processes that shall die, grandchildren too, when this process does.

    Raises:
        ConfigError: where the folder for temporary files has no locks.
    """
    descriptor, path = tempfile.mkstemp(prefix="pvvae-lifeline-")
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise ConfigError(
                f"{Path(path).parent}: has no file locks ({error.strerror}), by which processes "
                "end with the command that started them; set TMPDIR to a folder on a local disk"
            ) from None
        yield {VARIABLE: path}
    finally:
        os.unlink(path)
        os.close(descriptor)


def follow_lifeline() -> None:
    """End this process the moment the holder of its lifeline is gone; no lifeline, no effect."""
    path = os.environ.get(VARIABLE)
    if path is None:
        return
    try:
        file = open(path)  # noqa: SIM115 - held until this process ends
    except FileNotFoundError:
        os._exit(1)  # the holder ended before we began

    def wait() -> None:
        fcntl.flock(file, fcntl.LOCK_SH)  # granted only when the holder is gone
        os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def end_with_parent() -> None:
    """End this process, and all that hang on its lifeline, soon after its parent has ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def lock_folder(folder: Path, *, patience: float = PATIENCE) -> IO[str]:
    """Keep ``folder`` to this process until the returned file is closed or the process ends.

    Raises:
        ConfigError: if another process still holds it after ``patience`` seconds, or nothing can
            be written or locked there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written ({error.strerror}); choose another run=..."
        ) from None
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"{folder}: another process is writing this run; wait for it or stop it"
                ) from None
            time.sleep(0.1)
        except OSError as error:  # some network disks have none
            raise ConfigError(
                f"{folder}: its file system has no file locks ({error.strerror}), so two jobs "
                "could write this run at once; choose a run=... on one that has, or mount it with "
                "them (Lustre: -o flock)"
            ) from None
