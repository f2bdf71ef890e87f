"""A run that is not what its address says is no run of its cell."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pvvae.study.runs.staleness import why_another
from pvvae.study.spec.entries import MeasureEntry, StageEntry
from pvvae.study.spec.expansion import Trial, expand
from pvvae.study.spec.study import Study


@pytest.fixture
def cell(tmp_path: Path) -> Trial:
    def resolve(stage: str, sets: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "stage": stage,
            "steps": 300,
            "watch": {"every": 1},
            "peers": [{"run": "x"}],
            **sets,
        }

    study = Study(
        title="Toy",
        folder=str(tmp_path / "study"),
        stages={
            "vae": StageEntry(config="vae.yaml"),
            "rebuilt": StageEntry(config="rebuilt.yaml", set={"vae": "$vae", "clips": ["$vae/x"]}),
        },
        factors={"pad": {"learnable": {}}},
        measures={"psnr": MeasureEntry(stage="rebuilt", value="psnr", label="PSNR")},
        seeds=(3,),
    )
    return expand(study, study.seeds, resolve).cells[0]


def write(cell: Trial, *, vae: str = "", **changes: Any) -> None:
    """The config of a run on ``vae``, with changes."""
    task = cell.runs["rebuilt"]
    vae = vae or str(cell.runs["vae"].folder)
    plain = {**task.plain, "run": str(task.folder), "seed": 3, "vae": vae, "clips": [f"{vae}/x"]}
    task.folder.mkdir(parents=True)
    (task.folder / "config.yaml").write_text(yaml.safe_dump({**plain, **changes}))


def test_a_run_of_its_own_config_is_no_other(cell: Trial) -> None:
    assert why_another(cell) == ""  # nothing to compare with
    write(cell, watch={"every": 2})  # which changes no result
    assert why_another(cell) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"steps": 200}, "steps: 200 != 300"), ({"seed": 4}, "seed: 4 != 3")],
)
def test_what_differs_is_named(cell: Trial, changes: dict[str, Any], said: str) -> None:
    write(cell, **changes)
    assert why_another(cell) == (
        f"stage rebuilt: {cell.runs['rebuilt'].folder} was made with another config: {said}; "
        "remove it and give the study again"
    )


def test_a_run_on_another_run_is_named(cell: Trial) -> None:
    write(cell, vae="elsewhere/runs/vae/other")
    assert "elsewhere/runs/vae/other/x'] != [" in why_another(cell)


def test_a_study_that_was_moved_has_its_own_runs(cell: Trial) -> None:
    write(cell, vae=f"/before/runs/vae/{cell.runs['vae'].folder.name}")
    assert why_another(cell) == ""


def test_a_run_on_one_that_another_study_called_otherwise_is_its_own(cell: Trial) -> None:
    digits = cell.runs["vae"].folder.name.rpartition("-")[2]
    write(cell, vae=f"runs/studies/other/runs/vae/100-seed3-{digits}")
    assert why_another(cell) == ""
