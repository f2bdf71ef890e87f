"""A run is its own process, with a log of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from launchers.studies.attempt import MISTAKE, attempt
from launchers.studies.request import StudyRequest
from pvvae.study.runs.gathering import is_done


def clips(
    ask: Callable[..., StudyRequest], plain: dict[str, Any], command: str
) -> tuple[StudyRequest, Any]:
    plain["stages"]["clips"] = {"command": command}
    plain["stages"]["images"]["set"]["data.train"] = "$clips"
    asked = ask(seeds=[0])
    return asked, next(t for t in asked.expansion.tasks.values() if t.stage == "clips")


def test_a_command_that_ends_well_leaves_its_mark_and_a_log(
    ask: Callable[..., StudyRequest], plain: dict[str, Any], tmp_path: Path
) -> None:
    asked, task = clips(ask, plain, "pvvae configs tiny/cnn")
    ended = attempt(task, asked, processes=1, environment={})
    assert (ended.status, ended.failed) == (0, "") and is_done(task)
    (log,) = (tmp_path / "study/logs").iterdir()
    assert "configs/tiny/cnn/predictive.yaml" in log.read_text()


def test_a_mistake_is_told_in_the_line_that_was_printed(
    ask: Callable[..., StudyRequest], plain: dict[str, Any], tmp_path: Path
) -> None:
    asked, task = clips(ask, plain, "pvvae status {run}")
    ended = attempt(task, asked, processes=1, environment={})
    assert ended.status == MISTAKE and not is_done(task)
    assert ended.failed == (
        f"{task.folder}: no such folder; runs are in the folder that run: names "
        f"(status 2, see {tmp_path}/study/logs/clips-{task.folder.name}.log)"
    )
