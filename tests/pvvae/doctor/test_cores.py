"""Cores are those that this process may use, not those of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pvvae.doctor.cores import cores, group_quota
from pvvae.doctor.wanted import Wanted
from tests.processes import ROOT

ONE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pvvae.doctor.cores import cores
from pvvae.doctor.wanted import Wanted
(found,) = cores(Wanted(workers=3, processes=2))
print(found.right, found.found, found.advice, sep="|")
"""


def test_one_visible_core_is_wrong():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_")}
    done = subprocess.run(
        [sys.executable, "-c", ONE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    right, found, advice = done.stdout.strip().split("|")
    assert right == "False"
    assert found.startswith("1 visible to this process (")
    assert found.endswith("); 2 x (1 process + 3 data workers) want 8")
    assert advice.startswith("give this process 8 cores")


def test_in_a_job_the_line_is_sbatchs(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    (found,) = cores(Wanted(workers=4, processes=8))
    assert found.right is False
    assert found.found.startswith("1 visible to this process (")
    assert found.advice == "ask for them: sbatch --cpus-per-task=40"


@pytest.mark.parametrize(
    ("own", "above", "cores"),
    [("max 100000", "max 100000", None), ("150000 100000", "max 100000", 1.5),
     ("400000 100000", "50000 100000", 0.5), (None, None, None)],
)  # fmt: skip
def test_a_quota_is_the_least_of_the_group_and_those_above(own, above, cores, tmp_path: Path):
    folder = tmp_path / "job/step"
    folder.mkdir(parents=True)
    for place, text in ((folder, own), (folder.parent, above)):
        if text is not None:
            (place / "cpu.max").write_text(f"{text}\n")
    assert group_quota(folder) == cores
