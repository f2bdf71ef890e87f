"""Numbers of latents reach the runs that they are of, and no others."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.study.answers.foretold_runs import gather
from pvvae.study.outcomes import Outcome, write_outcome

VALUES = {"gfvd": 100.0, "psnr": 30.0}


def run_of(study: str, seed: int = 0, stage: str = "vae") -> str:
    return f"runs/studies/{study}/runs/{stage}/full-seed{seed}"


def study(folder: Path, *, stages: tuple[str, ...] = ("vae", "latte"), seeds: int = 1) -> Path:
    """A study of that name, its outcomes alone."""
    for seed in range(seeds):
        runs = {stage: run_of(folder.name, seed, stage) for stage in stages}
        arm = {"method": "full"}
        write_outcome(folder, Outcome(arm=arm, seed=seed, values=VALUES, runs=runs))
    return folder


def analysis(
    path: Path,
    viv: Mapping[str, float],
    *,
    sources: bool = True,
    shapes: tuple[tuple[int, ...], ...] = (),
    clips: str = "some",
) -> Path:
    """Of runs by their paths; labels are their last parts, as the command gives them."""
    runs = {
        Path(run).name + str(number): {
            "metrics": {"viv": {"value": value}},
            "protocol": {"clips": clips},
            "latent_shape": list(shapes[number]) if shapes else [],
        }
        for number, (run, value) in enumerate(viv.items())
    }
    plain = {"kind": "latents", "runs": runs}
    if sources:
        plain["sources"] = dict(zip(runs, viv, strict=True))
    path.write_text(json.dumps(plain))
    return path


def test_a_run_of_another_study_with_the_same_name_gets_nothing(tmp_path: Path) -> None:
    studies = [study(tmp_path / name) for name in ("one", "two")]
    found = gather(studies, [analysis(tmp_path / "a.json", {run_of("one"): 0.25})])
    assert [run.numbers.get("latents.viv") for run in found.runs] == [0.25, None]
    assert list(found.left_out) == ["two: latents of 1 of 1 runs are not analysed"]


def test_a_path_from_elsewhere_is_the_same_run(tmp_path: Path) -> None:
    path = analysis(tmp_path / "a.json", {f"/somewhere/{run_of('one')}": 0.25})
    found = gather([study(tmp_path / "one")], [path])
    assert [run.numbers.get("latents.viv") for run in found.runs] == [0.25]
    assert list(found.left_out) == []


def test_two_analyses_that_agree_may_both_be_given(tmp_path: Path) -> None:
    paths = [analysis(tmp_path / f"{name}.json", {run_of("one"): 0.25}) for name in "ab"]
    found = gather([study(tmp_path / "one")], paths)
    assert [run.numbers.get("latents.viv") for run in found.runs] == [0.25]


def test_latents_of_several_sizes_are_said(tmp_path: Path) -> None:
    one = study(tmp_path / "one", seeds=2)
    viv = {run_of("one", seed): 0.25 for seed in range(2)}
    shapes = ((6, 3, 4, 4), (12, 3, 2, 2))
    alike = gather([one], [analysis(tmp_path / "a.json", viv, shapes=shapes[:1] * 2)])
    assert list(alike.notes) == []
    (note,) = gather([one], [analysis(tmp_path / "b.json", viv, shapes=shapes)]).notes
    assert note.startswith("latents differ in size: 12x3x2x2 (1 runs), 6x3x4x4 (1 runs); VIV,")


def test_what_may_be_of_several_runs_is_refused(tmp_path: Path) -> None:
    studies = [study(tmp_path / name) for name in ("one", "two")]
    path = analysis(tmp_path / "a.json", {"vae/full-seed0": 0.25})
    with pytest.raises(ConfigError, match="'vae/full-seed0' may be any of 2 runs"):
        gather(studies, [path])


def test_runs_that_disagree_are_refused(tmp_path: Path) -> None:
    one = study(tmp_path / "one", stages=("images", "vae"))
    first = analysis(tmp_path / "a.json", {run_of("one"): 0.25})
    for second, line in (
        (analysis(tmp_path / "b.json", {run_of("one"): 0.5}), "is analysed twice"),
        (
            analysis(tmp_path / "c.json", {run_of("one", stage="images"): 0.5}),
            "full, seed 0: two of its runs are analysed",
        ),
        (
            analysis(tmp_path / "d.json", {run_of("one"): 0.25}, clips="others"),
            "with other clips than",
        ),
    ):
        with pytest.raises(ConfigError, match=line):
            gather([one], [first, second])
