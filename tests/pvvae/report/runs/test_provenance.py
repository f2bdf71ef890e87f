import shutil
from collections.abc import Callable
from pathlib import Path

from pvvae.report.runs.provenance import commands_of, configurations, incomplete
from pvvae.report.runs.run_records import find_groups
from pvvae.report.runs.summary import summary


def test_a_recorded_command_becomes_the_two_that_repeat_it() -> None:
    recorded = "/somewhere/stages/__main__.py --local_rank=0 configs/a.yaml steps=4 seed=1"
    assert commands_of({"command": recorded, "processes": 2}) == [
        "pvvae train configs/a.yaml steps=4 seed=1 --processes 2",
        "deepspeed --num_accelerators 2 --module stages configs/a.yaml steps=4 seed=1",
    ]


def test_a_run_of_another_program_shows_what_was_recorded() -> None:
    assert commands_of({"command": "/bin/program one"}) == ["program one"]
    assert commands_of({}) == []


def test_unfinished_and_missing_runs_are_named(runs: Path, tmp_path: Path) -> None:
    partial = shutil.copytree(runs, tmp_path / "toy")
    (partial / "vit" / "predictive" / "finished.json").unlink()
    metrics = partial / "vit" / "predictive" / "metrics.jsonl"
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(lines[:2]) + lines[2][:20])  # killed while writing
    shutil.rmtree(partial / "vit" / "evaluate_reconstruction")
    notice = incomplete(find_groups(partial))
    assert "<code>predictive</code>: step 10 of 40" in notice
    assert "<code>evaluate_reconstruction</code>: not started" in notice
    assert notice.count("<code>") == 2


def test_seeds_of_latte_beside_one_vae_lack_nothing(
    make_run: Callable[..., None], tmp_path: Path
) -> None:
    for name in ("seed0", "seed1"):
        make_run(tmp_path / name / "latte", "latte")
    for stage in ("predictive", "extract_latents"):
        make_run(tmp_path / "vae" / stage, stage)
    groups = find_groups(tmp_path)
    assert incomplete(groups) == ""
    assert '<b class="name b2">vae</b> is a video VAE' in summary(groups)
    assert "seed" not in summary(groups)


def test_results_of_another_version_are_a_notice_and_no_numbers(runs: Path, tmp_path: Path) -> None:
    old = shutil.copytree(runs / "cnn", tmp_path / "toy" / "cnn")
    path = old / "evaluate_generation" / "results.json"
    path.write_text('{"fvd": 3.0}')
    (group,) = find_groups(tmp_path)
    assert group.results("evaluate_generation") == {}
    assert f"{path}: not of this version" in incomplete([group])


def test_finished_runs_need_no_notice(runs: Path) -> None:
    assert incomplete(find_groups(runs)) == ""


def test_every_run_shows_its_config(runs: Path) -> None:
    html = configurations(find_groups(runs))
    assert html.count("<details>") == 16
    assert "stage: predictive" in html
