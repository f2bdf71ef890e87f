"""A study on Slurm: an array a stage, which waits for those that it builds on."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launchers import cli, job
from launchers.studies.arrays import arrays, script
from launchers.studies.asked import Asked
from pvvae.errors import ConfigError
from pvvae.files import write_json

Ask = Callable[..., Asked]


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
    assert len(lines) == 4 and all("init=" in line for line in lines)


def test_what_is_finished_is_not_submitted(ask: Ask) -> None:
    for task in ask().expansion.tasks.values():
        if task.stage == "images":
            write_json(task.folder / "finished.json", {})
    images, vae = arrays(ask())
    assert images.tasks == () and len(vae.tasks) == 4
    assert any("# images: finished already" in line for line in script(ask()))


def test_a_task_of_an_array_takes_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vae.txt"
    path.write_text("one.yaml run=a\ntwo.yaml 'run=b c'\n")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    assert job._task(path) == ["two.yaml", "run=b c"]
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    with pytest.raises(ConfigError, match="has no line for task 2 of an array"):
        job._task(path)


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
