"""``pvvae doctor`` on this machine, and on one that is broken on purpose."""

import json
from pathlib import Path

import pytest

from launchers.cli import main


def _json(
    capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, dict[str, object]]]:
    status = main(["doctor", "--json", *words])
    return status, {each["name"]: each for each in json.loads(capsys.readouterr().out)}


def test_every_side_of_the_machine_has_a_line(capsys, tmp_path: Path):
    status, found = _json(capsys, "--run", str(tmp_path))
    sides = {"python", "versions", "cores", "shared memory", "open files", "memory", "run folder"}
    sides |= {"file locks", "rename", "clock", "write rate", "disk", "driver", "attention: sdpa"}
    assert found.keys() >= sides
    assert status == int(any(each["right"] is False for each in found.values()))


def test_what_is_wrong_is_named_and_the_status_says_it(capsys, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert main(["doctor", "--run", str(tmp_path), "--processes", "2"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (cores,) = [each for each in lines if each.startswith("WRONG cores")]
    assert " 1 visible to this process " in cores
