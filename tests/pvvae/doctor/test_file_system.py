"""A run folder that cannot be written, locked, or kept in time is named in a line."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from pvvae.doctor import file_system
from pvvae.doctor.finding import Finding
from pvvae.doctor.wanted import Wanted


def _found(run: Path, **more: int) -> dict[str, Finding]:
    return {each.name: each for each in file_system.run_folder(Wanted(run=run, **more))}


def test_a_good_folder_is_right_and_left_as_it_was(tmp_path):
    found = _found(tmp_path / "runs/not/there/yet")
    names = ["run folder", "file locks", "rename", "clock", "write rate", "read rate", "disk"]
    assert list(found) == names
    judged = ("run folder", "file locks", "rename", "disk")
    assert [found[name].right for name in judged] == [True] * 4
    assert found["run folder"].found == f"{tmp_path} can be written"
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_wrong(tmp_path, monkeypatch):
    def refuse(path: str, mode: int = 0o777) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "mkdir", refuse)  # root may write where others may not
    found = _found(tmp_path)
    assert list(found) == ["run folder", "disk"]
    assert found["run folder"].right is False
    assert found["run folder"].found.endswith("cannot be written (Read-only file system)")
    assert found["run folder"].advice.startswith("name another with run=...")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_flock_is_wrong(number, tmp_path, monkeypatch):
    def refuse(file: object, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    locks = _found(tmp_path)["file locks"]
    assert (locks.right, locks.found) == (False, f"no file locks ({os.strerror(number)})")
    assert "-o flock" in locks.advice


def test_a_lock_that_keeps_none_out_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", lambda file, operation: None)
    locks = _found(tmp_path)["file locks"]
    assert (locks.right, locks.found) == (False, "two at once got the same lock")


def test_a_clock_ahead_or_behind_is_wrong_by_its_seconds(tmp_path):
    path = tmp_path / "clock"
    path.touch()
    real = path.stat().st_mtime
    for wrong, sign in ((3600.0, "+3"), (-3600.0, "-3")):
        found = file_system.clock(tmp_path, lambda wrong=wrong: real + wrong)
        assert (found.right, found.found[:2]) == (False, sign)
    assert file_system.clock(tmp_path).right is True


def test_more_than_the_disk_has_is_wrong(tmp_path):
    disk = _found(tmp_path, disk_bytes=2**60)["disk"]
    assert disk.right is False
    assert disk.found.endswith("wanted 1048576.0 TiB")
    assert "loop.keep_last" in disk.advice


def test_a_rate_counts_what_was_moved(tmp_path):
    found = _found(tmp_path)
    assert all(
        found[name].found.endswith(" in pieces of 4.0 MiB") for name in ("write rate", "read rate")
    )
