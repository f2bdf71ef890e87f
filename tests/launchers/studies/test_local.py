"""A study is run to its end, whatever fails or is killed on the way."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from launchers import cli
from launchers.studies import flops as flops_module
from launchers.studies import local
from launchers.studies.attempt import Ended
from launchers.studies.local import run_study
from launchers.studies.request import StudyRequest
from launchers.studies.show import plan_lines
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.study.outcomes import Outcome, read_outcomes
from pvvae.study.runs.gathering import stale_cells
from pvvae.study.spec.expansion import Task

Ask = Callable[..., StudyRequest]
Plain = dict[str, Any]


class Runs:
    """Stands where processes are started: notes the runs, and fails as it is told to."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.failing: dict[str, list[int]] = {}
        """Statuses of the coming attempts, by the beginning of a run's name."""
        self.threads: dict[str, str | None] = {}
        """What the last run of each stage was told."""
        self.beside = 0
        """Most runs at the same time."""
        self._now, self._lock = 0, threading.Lock()

    def __call__(
        self, task: Task, asked: StudyRequest, *, processes: int, environment: dict[str, str]
    ) -> Ended:
        with self._lock:
            self.threads[task.stage] = environment.get(local.THREADS)
            self.given.append(task.folder.name.rpartition("-")[0] or task.stage)
            self._now += 1
            self.beside = max(self.beside, self._now)
        status = next(
            (s.pop(0) for name, s in self.failing.items() if task.name.startswith(name) and s), 0
        )
        if status == 0:
            self._finish(task)
        with self._lock:
            self._now -= 1
        return Ended(task=task, seconds=1.0, status=status, failed="it broke" if status else "")

    def _finish(self, task: Task) -> None:
        task.folder.mkdir(parents=True)
        plain = {**task.plain, "run": str(task.folder), "seed": task.seed}
        (task.folder / "config.yaml").write_text(yaml.safe_dump(plain))
        lines = [
            {"step": step, "kind": "held_out", "psnr": 20.0 + step + (task.seed or 0)}
            for step in (1, 2)
        ]
        (task.folder / "metrics.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
        write_json(task.folder / "finished.json", {})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    stand_in = Runs()
    monkeypatch.setattr(local, "attempt", stand_in)
    return stand_in


def run(asked: StudyRequest, *, at_once: int = 1) -> int:
    return run_study(asked, at_once=at_once, processes=1)


def outcomes(asked: StudyRequest) -> dict[str, Outcome]:
    found = read_outcomes(asked.folder)
    return {f"{' '.join(o.arm.values())} {o.seed}": o for o in found}


def test_the_first_cell_is_finished_first(ask: Ask, runs: Runs) -> None:
    assert run(ask(seeds=[0])) == 0
    assert runs.given == ["seed0", "baseline-seed0", "seed0"]
    found = outcomes(ask())
    assert found["baseline 0"].values == {"psnr": 22.0}
    assert found["baseline 0"].curves == {"psnr": ((1.0, 21.0), (2.0, 22.0))}
    assert found["baseline 0"].costs == {"seconds": 2.0}


def test_given_again_it_repeats_nothing_and_adds_a_seed(ask: Ask, runs: Runs) -> None:
    run(ask(seeds=[0]))
    runs.given.clear()
    assert run(ask(seeds=[0, 1])) == 0
    assert runs.given == ["seed1", "baseline-seed1", "seed1"]
    assert sorted(outcomes(ask())) == [
        "+ predictive 0",
        "+ predictive 1",
        "baseline 0",
        "baseline 1",
    ]


def test_complete_runs_of_a_study_that_it_shares_with_are_not_repeated(
    ask: Ask, runs: Runs, plain: Plain, tmp_path: Path
) -> None:
    run(ask(seeds=[0]))
    before = sorted((tmp_path / "study").rglob("*"))
    plain["folder"] = str(tmp_path / "other")
    plain["shares"] = [str(tmp_path / "study"), str(tmp_path / "other"), str(tmp_path / "none")]
    plain["factors"]["objective"]["+ half"] = {"vae": {"objective.max_drop_ratio": 0.5}}
    runs.given.clear()
    other = ask(seeds=[0])
    assert f"3 runs of these lie in {tmp_path / 'study'}" in plan_lines(other, commands=False)
    assert run(other) == 0
    assert runs.given == ["plus-half-seed0"]
    found = outcomes(other)
    assert found["baseline 0"].values == {"psnr": 22.0}
    assert found["baseline 0"].costs == found["+ half 0"].costs == {"seconds": 2.0}
    assert str(tmp_path / "study") in found["baseline 0"].runs["vae"]
    assert sorted((tmp_path / "study").rglob("*")) == before
    assert outcomes(ask(seeds=[0])) == found  # though its own journal is among those it reads


def test_a_run_that_another_study_has_not_finished_is_the_studys_own(
    ask: Ask, runs: Runs, plain: Plain, tmp_path: Path
) -> None:
    runs.failing = {"vae/baseline": [1, 1]}
    run(ask(seeds=[0]))
    (ask().expansion.cells[0].runs["vae"].folder).mkdir()
    plain |= {"folder": str(tmp_path / "other"), "shares": [str(tmp_path / "study")]}
    runs.given.clear()
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False))
    assert cli.main(["study", str(path), "--seeds", "0", "--report"]) == 0
    said = (tmp_path / "other/study.md").read_text()
    assert (
        "1 not there yet" in said and "1 failed" not in said
    )  # the other's failure is not its own
    assert run(ask(seeds=[0])) == 0
    assert runs.given == ["baseline-seed0"]
    assert outcomes(ask())["baseline 0"].costs == {"seconds": 2.0}
    assert sorted(outcomes(ask())) == ["+ predictive 0", "baseline 0"]


def test_a_run_that_another_study_finishes_takes_the_place_of_one_begun(
    ask: Ask, runs: Runs, plain: Plain, tmp_path: Path
) -> None:
    plain |= {"folder": str(tmp_path / "other"), "shares": [str(tmp_path / "study")]}
    begun = ask(seeds=[0]).expansion.cells[0].runs["vae"].folder
    begun.mkdir(parents=True)
    run(ask("folder=" + str(tmp_path / "study"), seeds=[0]))
    runs.given.clear()
    assert run(ask(seeds=[0])) == 0
    assert not runs.given and list(begun.iterdir()) == []


def test_what_a_cell_builds_on_in_another_study_is_no_change_of_its_own(
    ask: Ask, runs: Runs, plain: Plain, tmp_path: Path
) -> None:
    run(ask(seeds=[0]))
    plain |= {"folder": str(tmp_path / "other"), "shares": [str(tmp_path / "study")]}
    plain["factors"]["objective"]["+ half"] = {"vae": {"objective.max_drop_ratio": 0.5}}
    run(ask(seeds=[0]))
    plain["stages"]["vae"]["set"]["steps"] = 7
    stale = stale_cells(ask().study, ask(seeds=[0]).expansion.cells)
    assert stale["+ half, seed 0"].startswith("vae: steps was ")
    assert "more" not in stale["+ half, seed 0"]


def test_quality_against_cost_knows_the_flops_of_all_training(
    ask: Ask, runs: Runs, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []

    def flops(task: Task) -> float:
        counted.append(task.name)
        return 8.0 if task.stage == "images" else 0.5

    monkeypatch.setattr(flops_module, "flops_of", flops)
    run(ask(seeds=[0]))
    assert not counted
    plain["answer"] = {"kind": "pareto", "y": "psnr"}
    run(ask(seeds=[0]))
    assert outcomes(ask())["baseline 0"].costs == {"seconds": 2.0, "flops": 8.5}
    run(ask(seeds=[0]))
    assert len(counted) == 3  # of two cells: the images are one's and the other's


def test_a_run_that_fails_is_tried_again(
    ask: Ask, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.failing = {"images/": [1]}
    assert run(ask(seeds=[0])) == 0
    assert runs.given[:3] == ["seed0", "seed0", "baseline-seed0"]
    assert "failed, tried again: it broke" in capsys.readouterr().err


def test_a_run_given_up_costs_its_own_cells_alone(ask: Ask, runs: Runs) -> None:
    runs.failing = {"vae/baseline-seed0": [1, 1]}
    assert run(ask(seeds=[0])) == 1
    found = outcomes(ask())
    assert found["baseline 0"].failed == "stage vae failed: it broke"
    assert found["baseline 0"].values == {}
    assert found["+ predictive 0"].values == {"psnr": 22.0}
    assert run(ask(seeds=[0])) == 0  # the same line tries it anew
    assert outcomes(ask())["baseline 0"].failed == ""


def test_what_builds_on_a_run_given_up_is_not_run(ask: Ask, runs: Runs) -> None:
    runs.failing = {"images/": [2]}  # a mistake: trying again would say it again
    assert run(ask(seeds=[0])) == 1
    assert runs.given == ["seed0"]
    assert {o.failed for o in outcomes(ask()).values()} == {"stage images failed: it broke"}


def test_a_run_ended_from_outside_ends_the_study_and_is_no_failure(ask: Ask, runs: Runs) -> None:
    runs.failing = {"vae/baseline": [130]}
    assert run(ask(seeds=[0])) == 130
    assert outcomes(ask()) == {}
    assert run(ask(seeds=[0])) == 0


def test_no_run_is_beside_one_that_wants_the_machine_alone(
    ask: Ask, runs: Runs, plain: Plain
) -> None:
    plain["stages"]["images"]["alone"] = plain["stages"]["vae"]["alone"] = True
    assert run(ask(), at_once=4) == 0
    assert runs.beside == 1


def test_cells_of_another_base_are_named_and_stay_apart_until_they_are_run_again(
    ask: Ask, runs: Runs, plain: Plain, told: Callable[..., str], path: Path
) -> None:
    run(ask(seeds=[0]))
    plain["stages"]["vae"]["set"]["steps"] = 3
    plain["seeds"] = [0]
    changed = ask()
    why = "vae: steps was 2 and is 3 now"
    assert told("study", path) == (
        f"{path}: the study has changed since cell 'baseline, seed 0' and 1 more was run: {why}; "
        "--rerun runs such cells again if they are asked for, --accept leaves them, marked as stale"
    )
    assert cli.main(["study", str(path), "--only", "baseline", "--rerun"]) == 0
    found = outcomes(changed)
    assert found["baseline 0"].stale == ""
    assert found["+ predictive 0"].stale == why
    assert found["+ predictive 0"].values == {"psnr": 22.0}


def test_a_seed_of_a_changed_base_is_not_averaged_with_those_before(
    ask: Ask, runs: Runs, plain: Plain, told: Callable[..., str], path: Path
) -> None:
    run(ask(seeds=[0, 7]))  # 7 is not in the file: the page has it all the same
    plain["stages"]["vae"]["set"]["steps"] = 3
    asked = ask(seeds=[1])
    words = ["study", str(path), "--seeds", "1"]
    assert "since cell 'baseline, seed 0' and 3 more was run" in told(*words)
    runs.given.clear()
    assert cli.main([*words, "--accept"]) == 0
    assert runs.given == ["seed1", "baseline-seed1", "seed1"]
    found = outcomes(asked)
    assert {name: bool(outcome.stale) for name, outcome in found.items()} == {
        "baseline 0": True,
        "+ predictive 0": True,
        "baseline 1": False,
        "+ predictive 1": False,
        "baseline 7": True,
        "+ predictive 7": True,
    }
    whole = json.loads((asked.folder / "study.json").read_text())
    assert "1 of 3 seeds" in str(whole) and asked.again.endswith("--seeds 0 1 7")


def test_a_page_alone_marks_what_is_stale_of_any_seed(
    ask: Ask, runs: Runs, plain: Plain, path: Path
) -> None:
    run(ask(seeds=[7]))
    plain["stages"]["vae"]["set"]["steps"] = 3
    asked = ask()
    kept = {file: file.read_bytes() for file in (asked.folder / "outcomes").iterdir()}
    assert cli.main(["study", str(path), "--report", "--only", "baseline"]) == 0
    assert "2 stale" in (asked.folder / "study.md").read_text()
    assert {file: file.read_bytes() for file in (asked.folder / "outcomes").iterdir()} == kept


def test_a_stale_cell_whose_rerun_fails_is_a_failed_one(ask: Ask, runs: Runs, plain: Plain) -> None:
    run(ask(seeds=[0]))
    plain["stages"]["vae"]["set"]["steps"] = 3
    runs.failing = {"vae/baseline": [1, 1]}
    assert run(ask(seeds=[0])) == 1
    found = outcomes(ask())["baseline 0"]
    assert (found.failed, found.stale) == ("stage vae failed: it broke", "")


def test_time_is_not_known_where_an_attempt_was_killed(ask: Ask, runs: Runs, plain: Plain) -> None:
    runs.failing = {"vae/baseline": [130]}
    assert run(ask(seeds=[0])) == 130
    assert run(ask(seeds=[0])) == 0
    found = outcomes(ask())
    assert found["baseline 0"].costs == {}
    assert found["+ predictive 0"].costs == {"seconds": 2.0}
    assert ask().journal.pace() == {"images": 1.0, "vae": 1.0}


def test_runs_beside_one_another_share_the_cores_and_one_alone_has_them_all(
    ask: Ask, runs: Runs, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(local.THREADS, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    plain["stages"]["images"]["alone"] = True
    run(ask(seeds=[0]), at_once=2)
    assert runs.threads == {"images": None, "vae": "3"}
    monkeypatch.setenv(local.THREADS, "5")
    run(ask(seeds=[1]), at_once=2)
    assert runs.threads == {"images": None, "vae": None}  # the user's


def test_a_measure_that_the_stage_does_not_give_is_named_with_what_it_has(
    ask: Ask, runs: Runs, plain: Plain
) -> None:
    plain["measures"]["psnr"]["value"] = "ssim"
    with pytest.raises(
        ConfigError, match="has no 'ssim' in lines of kind 'held_out'; it has held_out: psnr"
    ):
        run(ask(seeds=[0]))


def test_a_config_that_changes_while_the_study_runs_ends_it(
    ask: Ask, runs: Runs, config: Path, tmp_path: Path
) -> None:
    asked = ask(seeds=[0])
    config.write_text(config.read_text().replace("steps: 2", "steps: 3"))
    with pytest.raises(ConfigError) as error:
        run(asked)
    assert "its config was changed while the study ran: steps: 2 != 3" in str(error.value)
    assert runs.given == []
