"""A study's file becomes runs: equal ones are one, and mistakes are found before the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launchers.studies.request import StudyRequest
from pvvae.errors import ConfigError

Ask = Callable[..., StudyRequest]
Plain = dict[str, Any]


def stages(asked: StudyRequest) -> list[str]:
    return [task.stage for task in asked.expansion.tasks.values()]


def addresses(asked: StudyRequest) -> set[str]:
    return set(asked.expansion.tasks)


def test_cells_share_what_they_have_in_common_and_seeds_share_nothing(ask: Ask) -> None:
    asked = ask()
    assert stages(asked) == ["images", "vae", "vae"] * 2
    assert [cell.name for cell in asked.expansion.cells] == [
        "baseline, seed 0",
        "+ predictive, seed 0",
        "baseline, seed 1",
        "+ predictive, seed 1",
    ]


def test_a_common_stage_is_one_run_for_all_seeds(ask: Ask, plain: Plain) -> None:
    plain["stages"]["images"]["common"] = True
    asked = ask()
    assert sorted(stages(asked)) == ["images", "vae", "vae", "vae", "vae"]


def test_a_run_is_the_ordinary_command_and_its_folder_says_what_it_is(
    ask: Ask, config: Path, tmp_path: Path
) -> None:
    asked = ask()
    images, vae, _ = list(asked.expansion.tasks.values())[:3]
    assert vae.folder == tmp_path / f"study/runs/vae/baseline-seed0-{vae.address[:8]}"
    assert asked.command(vae).words == (
        "train",
        str(config),
        f"run={vae.folder}",
        f"init={images.folder}",
        "objective.max_drop_ratio=0.0",
        "seed=0",
    )


def test_an_address_changes_with_what_a_run_is_made_of_and_with_nothing_else(
    ask: Ask, plain: Plain, tmp_path: Path
) -> None:
    before = addresses(ask())
    plain["folder"] = str(tmp_path / "elsewhere")
    plain["title"] = "Other"
    plain["stages"]["vae"]["set"]["engine.zero_stage"] = 1  # says only where things are
    assert addresses(ask()) == before
    plain["stages"]["images"]["set"]["steps"] = 3
    assert not addresses(ask()) & before  # what builds on a run changes with it


def test_a_key_that_changes_no_result_tells_runs_apart_where_a_factor_sets_it(
    ask: Ask, plain: Plain
) -> None:
    before = ask(seeds=[0]).expansion.cells[1].runs["vae"].address
    plain["claims"] = []
    for change in ({"engine.zero_stage": 1}, {"engine": {"zero_stage": 1}}):
        plain["factors"] = {"engine": {"plain": {}, "sharded": {"vae": change}}}
        one, other = ask(seeds=[0]).expansion.cells
        assert one.runs["vae"].address == before != other.runs["vae"].address


def test_null_gives_up_what_the_base_has(ask: Ask, plain: Plain) -> None:
    plain["costs"] = {"psnr": {"stage": "images", "of": "held_out", "value": "psnr"}}
    assert set(ask().study.costs) == {"psnr"}
    assert ask("costs=null").study.costs == {}


def test_a_default_that_is_written_out_changes_nothing(ask: Ask, plain: Plain) -> None:
    before = addresses(ask())
    plain["stages"]["vae"]["set"]["objective.weight_diff"] = 1.0
    assert addresses(ask()) == before


def test_more_seeds_repeat_no_run(ask: Ask) -> None:
    few, many = addresses(ask()), addresses(ask(seeds=[0, 1, 2]))
    assert few < many and len(many) == 9


def test_one_cell_can_be_asked_for(ask: Ask) -> None:
    assert stages(ask(only="baseline, seed 1")) == ["images", "vae"]


def test_listed_cells_alone_are_run_and_what_they_leave_out_is_the_baseline(
    ask: Ask, plain: Plain
) -> None:
    plain["claims"] = []
    plain["factors"]["pad"] = {"learnable": {}, "gaussian": {"vae": {"pad": "gaussian"}}}
    assert len(ask(seeds=[0]).expansion.cells) == 4
    plain["cells"] = [{}, {"pad": "gaussian"}]
    plain["baseline"] = {"objective": "+ predictive"}
    cells = ask(seeds=[0]).expansion.cells
    assert [list(cell.arm.values()) for cell in cells] == [
        ["+ predictive", "learnable"],
        ["+ predictive", "gaussian"],
    ]


def test_a_command_is_a_stage_whose_slots_are_set(ask: Ask, plain: Plain, packed: Path) -> None:
    plain["stages"]["clips"] = {
        "command": "pvvae data pack {of} {run} --frames {frames}",
        "set": {"of": str(packed), "frames": 17},
    }
    plain["stages"]["vae"]["set"]["data.train"] = "$clips/train"
    asked = ask()
    (clips,) = [task for task in asked.expansion.tasks.values() if task.stage == "clips"]
    assert asked.command(clips).words == (
        "data",
        "pack",
        str(packed),
        str(clips.folder),
        "--frames",
        "17",
    )
    vae = next(task for task in asked.expansion.tasks.values() if task.stage == "vae")
    assert f"data.train={clips.folder}/train" in asked.command(vae).words


def test_the_page_is_told_what_the_file_says(ask: Ask) -> None:
    found = ask().reported
    assert list(found.factors["objective"]) == ["baseline", "+ predictive"]
    assert found.arm({}) == {"objective": "baseline"}
    assert [(c.arm, c.against) for c in found.comparisons] == [
        ({"objective": "+ predictive"}, {"objective": "baseline"})
    ]
    assert found.columns[0].higher_is_better and found.seeds == (0, 1)


VAE = "cell 'baseline', stage 'vae': "


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"factors": {"a": {"baseline": {"vae": {"objective.max_drop": 0}}}}, "claims": []},
            VAE + "{config}: objective.max_drop: ObjectiveConfig has no such key; did you mean "
            "'max_drop_ratio'?",
        ),
        (
            {"factors": {"a": {"x": {"vea": {"pad": "gaussian"}}}}, "claims": []},
            "factors.a.x: no stage is called 'vea'; did you mean 'vae'?",
        ),
        (
            {
                "factors": {
                    "a": {"x": {"vae": {"objective.drop": "batch"}}},
                    "b": {"y": {"vae": {"objective": {"drop": "sample"}}}},
                },
                "claims": [],
            },
            "factors 'a' and 'b' both set objective.drop of stage 'vae'; a cell would have only "
            "one of them",
        ),
        (
            {"baseline": {"objective": "basline"}},
            "baseline: no value of factor 'objective' is called 'basline'; did you mean "
            "'baseline'?",
        ),
        (
            {"measures": {"fvd": {"stage": "vae", "value": "fvd", "label": "FVD"}}, "claims": []},
            "fvd: stage 'vae' (predictive) writes no results.json; with `of: held_out` its "
            "metrics.jsonl is read",
        ),
        (
            {"claims": [{"subject": "it", "measure": "pnsr", "arm": "baseline"}]},
            "claims[0]: no measure is called 'pnsr'; did you mean 'psnr'?",
        ),
        (
            {"claims": [{"subject": "it", "measure": "psnr", "arm": "+ predictive", "over": "d"}]},
            "claims[0]: no factor is called 'd'; there are: objective",
        ),
        (
            {
                "claims": [
                    {
                        "subject": "it",
                        "measure": "psnr",
                        "arm": {"objective": "+ predictive"},
                        "over": "objective",
                    }
                ]
            },
            "claims[0]: arm: the claim is over all values of 'objective'; name other factors",
        ),
        (
            {
                "factors": {
                    "size": {"2": {}, "3": {"vae": {"steps": 3}}},
                    "pad": {"learnable": {}, "gaussian": {"vae": {"pad": "gaussian"}}},
                },
                "cells": [{}, {"pad": "gaussian"}, {"size": "3"}],
                "claims": [
                    {
                        "subject": "it",
                        "measure": "psnr",
                        "arm": {"pad": "gaussian"},
                        "over": "size",
                    }
                ],
            },
            "claims[0]: arm: no cell is called '3, gaussian'; did you mean '2, gaussian'?",
        ),
        ({"retries": -1}, "retries: must be at least 0, got -1"),
        (
            {"paper": {"base": {"psnr": 1}}},
            "paper: no cell is called 'base'; did you mean 'baseline'?",
        ),
        (
            {"claims": [{"subject": "it", "measure": "psnr", "arm": "baseline"}]},
            "claims[0]: compares 'baseline' with itself; `against` is the baseline unless the "
            "claim names another",
        ),
        (
            {"factors": {"a": {"x": {}, "y": {"vae": {"seed": 3}}}}, "claims": []},
            "factors.a.y: seed: is one of the study's `seeds`; a stage that is `common` to all "
            "has its own",
        ),
        (
            {"factors": {"a": {"x": {}, "y": {"vae": {"run": "there"}}}}, "claims": []},
            "factors.a.y: run: a study names its runs' folders itself",
        ),
        (
            {"factors": {"a": {"x": {}, "y": {"vae": {"pad": "learnable"}}}}, "claims": []},
            "cells 'x' and 'y' are the same runs: between them 'a' changes nothing in what is "
            "measured",
        ),
        ({"answer": {"kind": "curves"}}, "answer: no measure is called ''; there are: psnr"),
        (
            {"answer": {"kind": "pareto", "x": "second", "y": "psnr"}},
            "answer: no cost is called 'second'; did you mean 'seconds'?",
        ),
        (
            {"answer": {"kind": "scaling", "x": "unique", "y": "psnr"}},
            "answer: no size is called 'unique'; did you mean 'unique_samples'?",
        ),
        (
            {
                "answer": {"kind": "scaling", "x": "steps", "y": "psnr"},
                "factors": {
                    "size": {"2": {}, "3": {"vae": {"steps": 3}}},
                    "pad": {"learnable": {}, "gaussian": {"vae": {"pad": "gaussian"}}},
                },
                "claims": [],
            },
            "answer: by: a law needs the sizes of one factor, but 'size' and 'pad' would make "
            "one curve; name one of them",
        ),
        (
            {
                "costs": {"psnr": {"stage": "vae", "of": "held_out", "value": "psnr"}},
                "measures": {"psnr": {"stage": "vae", "value": "psnr", "label": "PSNR"}},
            },
            "psnr: stage 'vae' (predictive) writes no results.json; with `of: held_out` its "
            "metrics.jsonl is read",
        ),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_run(
    ask: Ask, plain: Plain, path: Path, config: Path, change: Plain, said: str
) -> None:
    plain |= change
    with pytest.raises(ConfigError) as error:
        ask()
    assert str(error.value) == f"{path}: {said.format(config=config)}"


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"set": {"init": "$imges"}}, "no stage is called 'imges'; did you mean 'images'?"),
        ({"set": {"init": "$vae"}}, "stages wait for one another: vae -> vae"),
        ({"config": None}, "needs one of config and command"),
        ({"config": None, "command": "pvvae dat x"}, "invalid choice: 'dat'"),
        ({"config": None, "command": "pvvae data pack {of} {run}"}, "{of} is not a key of its set"),
        ({"config": None, "command": "pvvae status {run.x}"}, "braces hold a key of its set and"),
        ({"config": None, "command": "pvvae status {run[x]}"}, "braces hold a key of its set and"),
        ({"config": None, "command": "pvvae data --help"}, "asks for help and runs nothing"),
    ],
)
def test_a_stage_that_cannot_be_run_is_refused(
    ask: Ask, plain: Plain, stage: Plain, said: str
) -> None:
    plain["stages"]["vae"] |= stage
    plain["factors"] = {"objective": {"baseline": {}, "+ predictive": {}}}
    plain |= {"cells": [{}], "claims": []}
    with pytest.raises(ConfigError) as error:
        ask()
    assert said in str(error.value)


def test_a_cell_that_is_not_there_is_named(ask: Ask) -> None:
    with pytest.raises(ConfigError, match="--only: no cell has 'other' in its name; there are:"):
        ask(only="other")
