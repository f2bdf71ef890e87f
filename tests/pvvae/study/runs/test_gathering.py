"""A cell's numbers are read where its study says, and a missing one is named."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.report.study.tables import means_grid
from pvvae.study.answers.analysis import analyse
from pvvae.study.cells import cells_of
from pvvae.study.outcomes import MARK, Outcome
from pvvae.study.runs.gathering import is_done, settle, stale_cells
from pvvae.study.runs.journal import Attempt, Journal
from pvvae.study.spec.entries import MeasureEntry, StageEntry, ValueReference
from pvvae.study.spec.expansion import Trial, expand
from pvvae.study.spec.study import Study


def resolve(stage: str, sets: Mapping[str, Any]) -> dict[str, Any]:
    """Stands for the stages: what is set, and 300 steps of training."""
    return {"stage": stage, "steps": 300, **sets}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(
        title="Toy",
        folder=str(tmp_path),
        stages={
            "vae": StageEntry(config="vae.yaml"),
            "rebuilt": StageEntry(config="rebuilt.yaml", set={"vae": "$vae"}),
        },
        factors={"pad": {"learnable": {}, "gaussian": {"vae": {"pad": "gaussian"}}}},
        measures={"psnr": MeasureEntry(stage="rebuilt", value="psnr", label="PSNR")},
        costs={"parameters": ValueReference(stage="rebuilt", value="times.encode_seconds")},
        data="vae",
        seeds=(0,),
    )


@pytest.fixture
def cell(study: Study) -> Trial:
    """Its first cell, whose runs are finished."""
    cell = expand(study, study.seeds, resolve).cells[0]
    results = {"metrics": {"psnr": {"value": 31.5}}, "times": {"encode_seconds": 0.25}}
    write_json(cell.runs["rebuilt"].folder / "results.json", results)
    write_json(cell.runs["vae"].folder / "data.json", {"unique_samples": 64, "epochs": 4.5})
    for task in cell.runs.values():
        write_json(task.folder / "finished.json", {})
    return cell


def settled(study: Study, cell: Trial) -> Outcome | None:
    return settle(study, cell, Journal(Path(study.folder)))


def test_metrics_paths_and_data_are_read(study: Study, cell: Trial) -> None:
    found = settled(study, cell)
    assert found is not None
    assert found.values == {"psnr": 31.5}
    assert found.costs == {"parameters": 0.25}
    assert found.data == {"unique_samples": 64.0, "epochs": 4.5, "steps": 300.0}
    assert found.machine == "" and list(found.runs) == ["vae", "rebuilt"]


def test_seconds_are_those_of_all_attempts_and_the_machine_is_theirs(
    study: Study, cell: Trial
) -> None:
    journal = Journal(Path(study.folder))
    for task, failed in zip(
        [*cell.runs.values(), cell.runs["vae"]], ["", "", "it broke"], strict=True
    ):
        journal.add(
            Attempt(
                address=task.address,
                stage=task.stage,
                run=str(task.folder),
                seconds=10.0,
                machine="2 cores",
                failed=failed,
            )
        )
    with (Path(study.folder) / "journal.jsonl").open("a") as file:
        file.write('{"address": "cut by a ki')
    found = settled(study, cell)
    assert found is not None
    assert (found.costs["seconds"], found.machine) == (30.0, "2 cores")
    (Path(study.folder) / "journal.jsonl").unlink()
    assert settled(study, cell) == found  # of a copy that holds the runs, and no journal


def test_a_metric_that_is_not_there_is_named_with_those_that_are(study: Study, cell: Trial) -> None:
    path = cell.runs["rebuilt"].folder / "results.json"
    path.write_text(json.dumps({"metrics": {"ssim": {"value": 1.0}}, "times": {}}))
    with pytest.raises(ConfigError, match=r"psnr: .* gives no 'psnr'; it has ssim"):
        settled(study, cell)


def test_an_optional_metric_that_is_not_there_is_left_empty(study: Study, cell: Trial) -> None:
    score = MeasureEntry(stage="rebuilt", value="is_c3d", label="IS", optional=True)
    found = settled(replace(study, measures={**study.measures, "is": score}), cell)
    assert found is not None and found.values == {"psnr": 31.5}
    there = replace(score, value="psnr")
    found = settled(replace(study, measures={**study.measures, "is": there}), cell)
    assert found is not None and found.values == {"psnr": 31.5, "is": 31.5}


def test_a_cell_of_which_a_run_is_left_has_no_outcome(study: Study, cell: Trial) -> None:
    (cell.runs["rebuilt"].folder / "finished.json").unlink()
    assert settled(study, cell) is None
    assert stale_cells(study, [cell]) == {}


def test_a_measure_that_moves_to_another_stage_leaves_an_older_value_stale(
    study: Study, cell: Trial
) -> None:
    settled(study, cell)
    moved = replace(
        study,
        stages={**study.stages, "again": StageEntry(config="again.yaml", set={"vae": "$vae"})},
        measures={"psnr": MeasureEntry(stage="again", value="psnr", label="PSNR")},
    )
    now = expand(moved, moved.seeds, resolve).cells[0]
    assert stale_cells(moved, [now]) == {now.name: "psnr: was not read in stage again"}
    more = replace(moved, measures={**study.measures, "ssim": moved.measures["psnr"]})
    assert stale_cells(more, [expand(more, more.seeds, resolve).cells[0]]) == {}


def test_a_cell_fails_by_a_run_that_is_missing_not_by_one_that_was_finished_later(
    study: Study, cell: Trial
) -> None:
    (cell.runs["rebuilt"].folder / "finished.json").unlink()
    journal = Journal(Path(study.folder))
    for stage in ("vae", "rebuilt"):
        assert settle(study, cell, journal) is None
        task = cell.runs[stage]
        facts = {"address": task.address, "stage": stage, "run": str(task.folder)}
        journal.add(Attempt(**facts, seconds=1.0, machine="2 cores", failed="it broke"))
    found = settle(study, cell, journal)
    assert found is not None and found.failed == "stage rebuilt failed: it broke"


def test_a_cell_with_a_run_of_another_config_is_failed_not_counted(
    study: Study, cell: Trial
) -> None:
    folder = cell.runs["vae"].folder
    (folder / "config.yaml").write_text("stage: vae\nsteps: 200\nseed: 0\n")
    found = settled(study, cell)
    assert found is not None and found.values == {}
    assert found.failed == (
        f"stage vae: {folder} was made with another config: steps: 200 != 300; remove it and give "
        "the study again"
    )


def test_a_command_is_done_where_its_mark_is(study: Study, tmp_path: Path) -> None:
    study.stages["vae"] = StageEntry(command="pvvae data pack x {run}")

    def command(stage: str, sets: Mapping[str, Any]) -> dict[str, Any]:
        return {"command": "…", **sets} if stage == "vae" else resolve(stage, sets)

    task = expand(study, [0], command).cells[0].runs["vae"]
    assert task.seed is None and not is_done(task)
    task.folder.mkdir(parents=True)
    (task.folder / MARK).touch()
    assert is_done(task)


def test_what_all_seeds_share_has_its_interval_over_clips_and_counts_once(study: Study) -> None:
    shared = {
        "rebuilt": StageEntry(config="rebuilt.yaml", common=True),
        "vae": StageEntry(config="vae.yaml"),
    }
    measures = {
        "psnr": MeasureEntry(stage="rebuilt", value="psnr", label="PSNR"),
        "own": MeasureEntry(stage="vae", value="psnr", label="own"),
    }
    factors = {"pad": {"learnable": {"rebuilt": {"vae": "here"}}}}
    asked = replace(
        study, stages=shared, measures=measures, factors=factors, costs={}, data=None, seeds=(0, 1)
    )
    outcomes = []
    for cell in expand(asked, asked.seeds, resolve).cells:
        for stage, task in cell.runs.items():
            value = {"value": 30.0 + (stage == "vae") * cell.seed, "interval": [29.0, 31.0]}
            write_json(task.folder / "results.json", {"metrics": {"psnr": value}})
            write_json(task.folder / "finished.json", {})
        outcomes.append(settled(asked, cell))
    found = [outcome for outcome in outcomes if outcome is not None]
    assert [outcome.shared for outcome in found] == [{"psnr": (29.0, 31.0)}] * 2
    (condition,) = cells_of(asked, found)
    assert condition.values("psnr") == {0: 30.0}
    assert condition.over_clips("psnr") == (29.0, 31.0)
    assert condition.values("own") == {0: 30.0, 1: 31.0}
    assert not any(condition.gaps(measure) for measure in asked.columns)
    slots = means_grid(analyse(asked, found)).lines[0].slots
    assert (slots[1].interval, slots[1].beside) == ("[29.0, 31.0]", "")
    assert slots[2].interval.startswith("±")
