"""Processes end with the one that started them, however it ends. Real processes, real signals."""

import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.run import process_lifetime

ROOT = Path(__file__).resolve().parents[3]

CHILD = """
import signal, sys
from pvvae.run.process_lifetime import follow_lifeline
follow_lifeline()
print("following", flush=True)
signal.pause()
"""

HOLDER = f"""
import os, signal, subprocess, sys
from pvvae.run.process_lifetime import hold_lifeline
signal.signal(signal.SIGINT, signal.default_int_handler)  # who was started by nohup ignores it
with hold_lifeline() as lifeline:
    child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=os.environ | lifeline)
    print(child.pid, flush=True)
    child.wait() if sys.argv[1] == "wait" else sys.stdin.readline()
"""


def start(how: str, folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A holder and the id of its child, which follows it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, how],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},  # a killed holder leaves its empty file
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    lines = {holder.stdout.readline().strip(), holder.stdout.readline().strip()}
    (child,) = lines - {"following"}
    return holder, int(child)


def wait_for(child: int) -> None:
    """Until a process that is no child of ours is gone; the kernel says when."""
    try:
        descriptor = os.pidfd_open(child)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([descriptor], [], [], 60)
    os.close(descriptor)
    assert ready, f"process {child} still runs"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_children_of_a_killed_process_end(number: signal.Signals, tmp_path: Path) -> None:
    holder, child = start("wait", tmp_path)
    holder.send_signal(number)
    holder.communicate()
    wait_for(child)


def test_the_children_of_a_process_that_ends_end(tmp_path: Path) -> None:
    holder, child = start("read", tmp_path)
    holder.communicate("go on\n")
    assert holder.returncode == 0
    wait_for(child)


def test_a_child_that_begins_after_the_holder_has_ended_ends_at_once(tmp_path: Path) -> None:
    gone = os.environ | {process_lifetime.VARIABLE: str(tmp_path / "gone")}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=gone, timeout=60, check=False
    )
    assert done.returncode == 1


def test_without_a_lifeline_nothing_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(process_lifetime.VARIABLE, raising=False)
    process_lifetime.follow_lifeline()


def test_a_lifeline_leaves_nothing_behind() -> None:
    with process_lifetime.hold_lifeline() as variables:
        path = Path(variables[process_lifetime.VARIABLE])
        with path.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert not path.exists()


ORPHAN = """
import signal
from pvvae.run.process_lifetime import end_with_parent
end_with_parent()
print("watching", flush=True)
signal.pause()
"""

PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {ORPHAN!r}])
print(child.pid, flush=True)
child.wait()
"""


def test_a_process_can_end_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    lines = {parent.stdout.readline().strip(), parent.stdout.readline().strip()}
    (child,) = lines - {"watching"}
    parent.kill()
    wait_for(int(child))
    parent.communicate()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_disk_without_locks_is_said_in_a_line(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", without)
    why = os.strerror(number)
    with pytest.raises(ConfigError, match=f"its file system has no file locks .{why}."):
        process_lifetime.lock_folder(tmp_path)
    with pytest.raises(ConfigError, match="set TMPDIR"), process_lifetime.hold_lifeline():
        pass
