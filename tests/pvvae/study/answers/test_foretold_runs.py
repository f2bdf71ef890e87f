"""Finished runs become numbers of each VAE beside its gFVD; nothing is dropped unsaid."""

import json
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.study.answers.foretold_runs import RATIO, gather
from pvvae.study.outcomes import Outcome, write_outcome

VALUES = {"gfvd": 100.0, "kvd": 1.0, "psnr": 30.0, "predicted": 2.0, "repeated": 4.0}


def study(folder: Path, *outcomes: Outcome) -> Path:
    for one in outcomes:
        write_outcome(folder, one)
    return folder


def outcome(seed: int, **changed: object) -> Outcome:
    runs = {"vae": f"runs/study/runs/vae/full-seed{seed}"}
    plain = {"arm": {"method": "full"}, "seed": seed, "values": VALUES, "runs": runs}
    return Outcome(**{**plain, **changed})  # type: ignore[arg-type]


def test_numbers_are_those_of_the_vae_and_the_error_over_repetition(tmp_path: Path) -> None:
    found = gather([study(tmp_path / "one", outcome(0))])
    (run,) = found.runs
    assert (run.study, run.arm, run.seed, run.quality) == ("one", "full", 0, 100.0)
    assert run.numbers == {"psnr": 30.0, "predicted": 2.0, RATIO: 0.5}
    assert list(found.left_out) == []


def test_what_is_failed_stale_or_without_quality_is_counted(tmp_path: Path) -> None:
    some = (
        outcome(0),
        outcome(1, failed="it broke", values={}),
        outcome(2, stale="steps were 2"),
        outcome(3, values={"psnr": 1.0}),
    )
    found = gather([study(tmp_path / "one", *some)])
    assert len(found.runs) == 1
    assert list(found.left_out) == ["one: 3 of 4 failed, stale or without gFVD"]


def test_an_analysis_adds_its_numbers_to_the_run_it_names(tmp_path: Path) -> None:
    runs = {
        "vae/full-seed0": {"metrics": {"viv": {"value": 0.25}, "lds": {"value": None}}},
        "elsewhere": {"metrics": {"viv": {"value": 1.0}}},
    }
    path = tmp_path / "analysis.json"
    path.write_text(json.dumps({"kind": "latents", "runs": runs}))
    found = gather([study(tmp_path / "one", outcome(0), outcome(1))], [path])
    assert [run.numbers.get("latents.viv") for run in found.runs] == [0.25, None]
    assert list(found.left_out) == [
        "one: latents of 1 of 2 runs are not analysed",
        "elsewhere: analysed, but no study has this run",
    ]


def test_each_mistake_is_one_line(tmp_path: Path) -> None:
    one = study(tmp_path / "a/one", outcome(0))
    twin = study(tmp_path / "b/one", outcome(0))
    none = study(tmp_path / "none", outcome(0, values={"psnr": 1.0}))
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"kind": "paths", "runs": {}}))
    for studies, analyses, line in (
        ([tmp_path / "gone"], [], "no study with outcomes"),
        ([one, twin], [], "a study of this name is given twice"),
        ([none], [], "no outcome has 'gfvd'"),
        ([one], [other], "is not of `pvvae analyze latents`"),
    ):
        with pytest.raises(ConfigError, match=line):
            gather(studies, analyses)
