"""A shared-memory mount that is too small, few open files and little memory are named."""

import resource
import shutil
from pathlib import Path

from pvvae.doctor import memory
from pvvae.doctor.finding import Finding
from pvvae.doctor.wanted import Wanted

MIB = 2**20


def _shared(wanted: Wanted) -> Finding:
    (found,) = memory.shared_memory(wanted)
    return found


def test_a_mount_of_one_mebibyte_is_wrong(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(total=MIB, used=0, free=MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    found = _shared(Wanted(shared_memory=tmp_path, workers=2))
    assert found.right is False
    assert found.found == f"{tmp_path}: 1.0 MiB free of 1.0 MiB, wanted 64.0 MiB"
    assert f"remount,size=8G {tmp_path}" in found.advice
    without = _shared(Wanted(shared_memory=tmp_path, workers=0))
    assert (without.right, without.advice) == (True, "")


def test_batches_that_workers_hand_over_are_counted(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(total=1023 * MIB, used=0, free=1023 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    wanted = Wanted(shared_memory=tmp_path, processes=8, workers=4, batch_bytes=16 * MIB)
    found = _shared(wanted)  # 8 processes, 4 workers, 2 batches ahead
    assert (found.right, found.found.rpartition(" wanted ")[2]) == (False, "1.0 GiB")


def test_no_mount_at_all_is_wrong():
    found = _shared(Wanted(shared_memory=Path("/no/such/mount"), workers=1))
    assert (found.right, found.found) == (False, "/no/such/mount: No such file or directory")


def test_few_open_files_are_wrong(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 1_048_576))
    files = next(iter(memory.limits(Wanted())))
    assert (files.right, files.found) == (False, "1024 for a process, at most 1048576")
    assert files.advice.startswith("ulimit -n 4096")


def test_less_memory_than_a_run_wants_is_wrong():
    (found,) = memory.memory(Wanted(host_bytes=2**60))
    assert found.right is False
    assert found.found.endswith("to be had, wanted 1048576.0 TiB")
    (found,) = memory.memory(Wanted())
    assert found.right is True
