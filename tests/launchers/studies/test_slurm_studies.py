"""Studies on a real Slurm: arrays that wait for one another, runs that two studies share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from launchers import cli
from launchers.machines.queue import JOBS, read_jobs
from launchers.studies.request import StudyRequest
from pvvae.study.outcomes import read_outcomes
from tests.launchers.slurm_cluster import Cluster, until

pytestmark = pytest.mark.slurm


def test_a_study_that_builds_on_anothers_runs_ends_there_as_it_does_alone(
    cluster: Cluster, ask: Callable[..., StudyRequest], plain: dict[str, Any], tmp_path: Path
) -> None:
    """The second has one objective more: its run begins from the images of the first."""
    plain |= {"seeds": [0], "slurm": {"nodes": 1, "time": "0:10:00", "doctor": False}}
    first = tmp_path / "first"
    to_its_end(cluster, ask(f"folder={first}"))
    plain["factors"]["objective"]["+ differences"] = {"vae": {"objective.weight_diff": 2.0}}
    second, alone = tmp_path / "second", tmp_path / "alone"
    asked = ask(f"folder={second}", f"shares=[{first}]")
    to_its_end(cluster, asked)

    (record,) = read_jobs(second / JOBS)
    assert record["stage"] == "vae" and record["after"] == []
    (run,) = second.glob("runs/*/*")
    init = Path(yaml.safe_load((run / "config.yaml").read_text())["init"])
    assert first / "runs/images" == init.parent
    assert cli.main(["study", str(asked.path), f"folder={alone}"]) == 0
    assert len(values(alone)) == 3
    assert values(second) == pytest.approx(values(alone), abs=1e-9)
    assert (second / "index.html").is_file()


def to_its_end(cluster: Cluster, asked: StudyRequest) -> None:
    """Submit the study; its page is the last that is written."""
    words = ["study", str(asked.path), *asked.overrides, "--slurm"]
    assert cli.main(words) == 0
    for record in read_jobs(asked.folder / JOBS):
        cluster.wait(record["job"], "COMPLETED", "FAILED")
    until((asked.folder / "index.html").is_file, "the page")


def values(folder: Path) -> dict[str, float]:
    """PSNR of each cell."""
    return {" ".join(o.arm.values()): o.values["psnr"] for o in read_outcomes(folder)}
