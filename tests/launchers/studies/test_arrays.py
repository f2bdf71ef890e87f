"""A study on Slurm: an array a stage, which waits for those that it builds on."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launchers import cli
from launchers.machines.queue import JOBS, read_jobs
from launchers.studies.arrays import arrays, script, submit
from launchers.studies.request import StudyRequest
from pvvae.errors import ConfigError
from pvvae.files import write_json
from tests.launchers.shell import HOSTILE, submitted

Ask = Callable[..., StudyRequest]


def test_an_array_has_a_task_for_each_run_and_waits_for_what_it_builds_on(ask: Ask) -> None:
    images, vae = arrays(ask())
    assert (images.stage, len(images.tasks), images.after) == ("images", 2, ())
    assert (vae.stage, len(vae.tasks), vae.after) == ("vae", 4, ("images",))


def test_the_script_of_a_dry_run_is_what_a_shell_takes(
    ask: Ask, plain: dict[str, Any], tmp_path: Path
) -> None:
    plain["slurm"] = {"partition": "gpu", "at_once": 3}
    text = "\n".join(script(ask()))
    (tmp_path / "bin").mkdir()
    sbatch = tmp_path / "bin/sbatch"
    sbatch.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/given\nwc -l < {tmp_path}/given\n')
    sbatch.chmod(0o755)
    path = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", "-c", text], check=True, env=os.environ | path, stdout=subprocess.DEVNULL
    )
    images, vae, report = (tmp_path / "given").read_text().splitlines()
    assert "--array=0-1%3" in images and "--partition=gpu" in images
    assert "--dependency" not in images
    assert "--array=0-3%3" in vae and "--dependency=afterany:1 " in vae
    assert "--dependency=afterany:1:2 " in report and report.endswith("--report")
    lines = next((tmp_path / "study/slurm").glob("vae-*.txt")).read_text().splitlines()
    assert len(lines) == 4 and all(
        "/runs/images/" in json.loads(x)["config"]["init"] for x in lines
    )


def test_a_name_is_never_a_command(ask: Ask, plain: dict[str, Any], tmp_path: Path) -> None:
    plain["folder"] = str(tmp_path / HOSTILE)
    plain["slurm"] = {"comment": HOSTILE}
    calls = submitted("\n".join(script(ask())), tmp_path)
    assert len(calls) == 3 and all(f"--comment={HOSTILE}" in words for words in calls)
    noted = [Path(words[-1]) for words in calls[:2]]
    assert [path.parent for path in noted] == [tmp_path / HOSTILE / "slurm"] * 2
    for path in noted:
        for line in path.read_text().splitlines():
            assert json.loads(line)["run"].startswith(str(tmp_path / HOSTILE))


def test_what_is_finished_is_not_submitted(ask: Ask) -> None:
    for task in ask().expansion.tasks.values():
        if task.stage == "images":
            write_json(task.folder / "finished.json", {})
    images, vae = arrays(ask())
    assert images.tasks == () and len(vae.tasks) == 4
    assert any("# images: finished already" in line for line in script(ask()))


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in the place of Slurm's: a file of what sbatch was given, and ``queue`` beside it
    of what squeue says."""
    folder, given, queue = tmp_path / "bin", tmp_path / "given", tmp_path / "queue"
    folder.mkdir()
    queue.touch()
    sbatch = f'echo "$@" >> {given}; echo "$(wc -l < {given});here"'
    for name, body in {"sbatch": sbatch, "squeue": f"cat {queue}"}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return given


def test_what_is_submitted_is_noted_and_waits_for_the_jobs_it_builds_on(
    ask: Ask, cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ask()
    submit(asked)
    images, vae, report = cluster.read_text().splitlines()
    assert "--array=0-1%8" in images and "--dependency" not in images
    assert "--array=0-3%8" in vae and "--dependency=afterany:1 " in vae
    assert "--dependency=afterany:1:2 " in report
    records = {record["name"]: record for record in read_jobs(asked.folder / JOBS)}
    assert set(records) == {str(task.folder) for task in asked.expansion.tasks.values()}
    jobs = sorted(record["job"] for record in records.values())
    assert jobs == ["1_0", "1_1", "2_0", "2_1", "2_2", "2_3"]
    assert all(r["after"] == ["1"] for r in records.values() if r["stage"] == "vae")
    printed = capsys.readouterr().out
    assert "images: job 1, 2 tasks" in printed and "vae: job 2, 4 tasks" in printed


def test_what_is_queued_is_waited_for_and_not_submitted_again(
    ask: Ask, cluster: Path, tmp_path: Path
) -> None:
    submit(ask(seeds=[0]))
    (tmp_path / "queue").write_text("1_0|RUNNING|None\n2_0|PENDING|Dependency\n")
    cluster.write_text("-\n" * 3)
    submit(ask(seeds=[0]))
    vae, report = cluster.read_text().splitlines()[3:]
    assert "--array=0-0%8" in vae and "--dependency=afterany:1_0 " in vae
    assert "--dependency=afterany:1_0:2_0:4 " in report


def test_a_job_that_sbatch_refuses_is_told_in_its_words(ask: Ask, cluster: Path) -> None:
    sbatch = cluster.parent / "bin/sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: no such partition' >&2; exit 1\n")
    with pytest.raises(ConfigError, match="sbatch: error: no such partition"):
        submit(ask())


@pytest.mark.parametrize("at_once", [0, "many"])
def test_a_number_at_once_that_makes_no_sense_is_refused(
    ask: Ask, plain: dict[str, Any], at_once: object
) -> None:
    plain["slurm"] = {"at_once": at_once}
    with pytest.raises(ConfigError, match=f"slurm.at_once: must be 1 or more, got {at_once}"):
        list(script(ask()))


def test_a_dry_run_writes_nothing(
    ask: Ask, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask()
    assert cli.main(["study", str(path), "--dry-run", "--seeds", "0"]) == 0
    printed = capsys.readouterr().out
    assert "Toy: 2 cells x 1 seed, 3 runs" in printed
    assert "  images: 1 run for 2 cells, 0 finished" in printed
    assert printed.count("\npvvae train ") == 3
    assert not (tmp_path / "study").exists()
