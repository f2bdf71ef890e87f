"""A task of an array does what was asked for when it was submitted, or says why it does not."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launchers import job
from launchers.studies.array_task import ArrayTask, errand, read_errand
from launchers.studies.request import StudyRequest
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.study.outcomes import MARK
from pvvae.study.runs.gathering import settle
from pvvae.study.runs.journal import BEGAN, FILE, Journal
from pvvae.study.spec.expansion import Task
from stages import program

Ask = Callable[..., StudyRequest]
Give = Callable[..., int]


def named(asked: StudyRequest, stage: str) -> Task:
    """The first run of a stage."""
    return next(task for task in asked.expansion.tasks.values() if task.stage == stage)


def finish(task: Task) -> None:
    write_json(task.folder / "finished.json", {})


def attempts(asked: StudyRequest) -> list[dict[str, Any]]:
    """That ended."""
    path = asked.folder / FILE
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line for line in map(json.loads, lines) if BEGAN not in line]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Give]:
    """Do an errand as task 0 of array 7, with programs in the place of Slurm's; its status.

    ``srun`` is the body of a shell script.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for name, value in {"ARRAY_JOB_ID": "7", "ARRAY_TASK_ID": "0", "JOB_ID": "7"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURM_JOB_NODELIST", "n1")
    monkeypatch.setenv("PVVAE_DOCTOR", "0")  # srun stands in for a run's
    monkeypatch.setattr(time, "sleep", lambda _: None)  # until Slurm ends it

    def do(given: ArrayTask, srun: str = "exit 1", *, state: str = "RUNNING") -> int:
        requeue = f'[ "$1" = show ] && echo n1 || echo "$@" >> {tmp_path}/requeued'
        scripts = {"srun": srun, "squeue": f"echo '7_0|{state}|None'", "scontrol": requeue}
        for name, body in scripts.items():
            (folder / name).write_text(f"#!/bin/bash\n{body}\n")
            (folder / name).chmod(0o755)
        path = tmp_path / "errands.txt"
        path.write_text(f"{given.line}\n")
        given.log.parent.mkdir(parents=True, exist_ok=True)
        given.log.write_text("cuda: it broke\nsrun: error: n1: task 0: Exited\n")
        return job.main([job.TASKS, str(path)])

    before = signal.getsignal(signal.SIGUSR2)
    yield do
    signal.signal(signal.SIGUSR2, before)


def requeued(tmp_path: Path) -> int:
    path = tmp_path / "requeued"
    return len(path.read_text().splitlines()) if path.is_file() else 0


def test_an_errand_is_read_as_it_was_written(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask()
    errands = [errand(asked, task) for task in asked.expansion.tasks.values()]
    path = tmp_path / "vae.txt"
    path.write_text("".join(f"{one.line}\n" for one in errands))
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    assert read_errand(path) == errands[1]
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "6")
    with pytest.raises(ConfigError, match="has no line for task 6 of an array"):
        read_errand(path)


def test_a_yaml_that_changes_in_the_queue_changes_no_run(ask: Ask, config: Path) -> None:
    asked = ask(seeds=[1])
    task = named(asked, "vae")
    then = asked.command(task).load()
    given = errand(asked, task)
    config.write_text(config.read_text().replace("steps: 2", "steps: 3"))
    path = given.write_config()
    assert path.name == f"{task.address}.yaml"
    assert program.load(path, [])[1] == then


def test_a_run_begins_only_if_what_it_builds_on_is_complete(
    ask: Ask, give: Give, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ask(seeds=[0])
    images, vae = named(asked, "images"), named(asked, "vae")
    (images.folder / "checkpoints/step_00000001").mkdir(parents=True)  # it failed on its way
    run = f"echo '{{}}' > {vae.folder}/finished.json"
    assert give(errand(asked, vae), run) == 2
    assert capsys.readouterr().err == (
        f"pvvae: {vae.folder}: not started, because it builds on {images.folder}, which is not "
        "complete; look there for the reason, then run the study again\n"
    )
    assert not vae.folder.exists() and attempts(asked) == []
    finish(images)
    assert give(errand(asked, vae), run) == 0
    (only,) = attempts(asked)
    assert (only["address"], only["failed"], only["stopped"]) == (vae.address, "", False)


def test_of_an_attempt_that_was_killed_it_is_known_that_it_began(ask: Ask, give: Give) -> None:
    asked = ask(seeds=[0])
    images = named(asked, "images")
    given = errand(asked, images)
    journal = asked.folder / FILE
    assert give(given, f"cp {journal} {journal}.then; exit 1") == 1
    then = [json.loads(line) for line in Path(f"{journal}.then").read_text().splitlines()]
    assert then == [{BEGAN: images.address}]
    given.begin()  # the next one never ended
    assert give(given, f"echo '{{}}' > {images.folder}/finished.json") == 0
    assert Journal(asked.folder).seconds(images.address) == 0  # not known


@pytest.mark.parametrize("retries", [0, 2])
def test_a_crash_is_tried_as_often_as_the_study_says_then_marks_its_cells(
    ask: Ask, give: Give, plain: dict[str, Any], tmp_path: Path, retries: int
) -> None:
    plain["retries"] = retries
    asked = ask(seeds=[0])
    images = errand(asked, named(asked, "images"))
    for tried in range(retries + 1):
        assert requeued(tmp_path) == tried
        assert give(images) == 1
    assert requeued(tmp_path) == retries
    assert len(attempts(asked)) == retries + 1
    outcome = settle(asked.study, asked.expansion.cells[0], Journal(asked.folder))
    why = f"stage images failed: cuda: it broke (status 1, see {images.log})"
    assert outcome is not None and outcome.failed == why


def test_a_time_limit_is_no_failure_while_something_new_is_saved(
    ask: Ask, give: Give, plain: dict[str, Any], tmp_path: Path
) -> None:
    plain["retries"] = 0
    asked = ask(seeds=[0])
    images = errand(asked, named(asked, "images"))
    for step in (1, 2):
        saved = f"{images.run}/checkpoints/step_0000000{step}"
        assert give(images, f"mkdir -p {saved}; exit 75") == 75
    assert [(x["stopped"], x["failed"]) for x in attempts(asked)] == [(True, "")] * 2
    assert requeued(tmp_path) == 2
    assert give(images, "exit 75") == 75
    assert requeued(tmp_path) == 2 and "status 75" in attempts(asked)[-1]["failed"]


def test_a_cancelled_run_is_no_failure(ask: Ask, give: Give, tmp_path: Path) -> None:
    asked = ask(seeds=[0])
    assert give(errand(asked, named(asked, "images")), "exit 143", state="COMPLETING") == 143
    (only,) = attempts(asked)
    assert (only["stopped"], only["failed"], requeued(tmp_path)) == (True, "", 0)


def test_a_config_that_is_refused_marks_its_cells(ask: Ask, give: Give) -> None:
    asked = ask(seeds=[0])
    images = named(asked, "images")
    images.folder.mkdir(parents=True)
    (images.folder / "config.yaml").write_text("stage: predictive\n")
    (images.folder / "metrics.jsonl").touch()
    assert give(errand(asked, images)) == 2
    (only,) = attempts(asked)
    assert "this run folder was made with another config" in only["failed"]


def clips(ask: Ask, plain: dict[str, Any], command: str) -> tuple[StudyRequest, Task]:
    plain["stages"]["clips"] = {"command": command}
    plain["stages"]["images"]["set"]["data.train"] = "$clips"
    asked = ask(seeds=[0])
    return asked, named(asked, "clips")


def test_a_command_that_ends_well_leaves_its_mark(
    ask: Ask, give: Give, plain: dict[str, Any]
) -> None:
    asked, task = clips(ask, plain, "pvvae configs tiny/cnn")
    given = errand(asked, task)
    assert give(given) == 0
    assert (task.folder / MARK).is_file() and given.done
    assert [x["failed"] for x in attempts(asked)] == [""]
    assert errand(asked, named(asked, "images")).needs == {str(task.folder): True}
    assert give(given) == 0 and len(attempts(asked)) == 1  # finished already


def test_a_command_that_fails_is_tried_again_and_noted(
    ask: Ask, give: Give, plain: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, task = clips(ask, plain, "pvvae configs tiny/cnn")
    monkeypatch.setattr(sys, "executable", "false")
    assert give(errand(asked, task)) == 1
    assert ["cuda: it broke (status 1" in x["failed"] for x in attempts(asked)] == [True, True]
    assert not (task.folder / MARK).exists()


def test_a_mistake_in_a_command_is_not_tried_again(
    ask: Ask, give: Give, plain: dict[str, Any]
) -> None:
    asked, task = clips(ask, plain, "pvvae status {run}")
    assert give(errand(asked, task)) == 2
    (only,) = attempts(asked)
    assert "(status 2" in only["failed"]
