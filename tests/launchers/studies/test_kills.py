"""A study that is killed at any moment, processes and all, ends in the same outcomes."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launchers.studies.request import StudyRequest
from pvvae.study.outcomes import read_outcomes
from tests.processes import ROOT

KILLS = 10
SECONDS = (3.0, 9.0)
"""Of life before a kill: from the reading of the file to the second or third run."""


@pytest.mark.matrix
def test_a_study_killed_ten_times_ends_in_the_same_outcomes(
    ask: Callable[..., StudyRequest], path: Path, tmp_path: Path
) -> None:
    ask()
    moments = random.Random(0)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for _ in range(KILLS):
        process = subprocess.Popen(**started(path, killed))
        try:
            process.wait(timeout=moments.uniform(*SECONDS))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    for folder in (killed, whole):
        assert subprocess.run(**started(path, folder), check=False).returncode == 0
    assert found(whole) and found(killed) == found(whole)


def started(path: Path, folder: Path) -> dict[str, Any]:
    words = ["study", str(path), f"folder={folder}", "--at-once", "2"]
    return {
        "args": [sys.executable, "-m", "launchers", *words],
        "env": os.environ | {"PYTHONPATH": str(ROOT)},
        "cwd": ROOT,
        "stdout": subprocess.DEVNULL,
    }


def found(folder: Path) -> dict[str, Any]:
    """Values and curves of every cell and seed, bit for bit."""
    outcomes = read_outcomes(folder)
    return {f"{' '.join(o.arm.values())} {o.seed}": (o.values, o.curves) for o in outcomes}
