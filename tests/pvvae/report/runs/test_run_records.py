import shutil
from pathlib import Path

from pvvae.report.runs.run_records import STAGES, RunRecord, find_groups, short_names


def test_runs_are_grouped_by_parent_folder_in_the_order_of_the_method(runs: Path) -> None:
    groups = find_groups(runs)
    assert [group.name for group in groups] == ["cnn", "vit"]
    assert [[r.stage for r in group.records] for group in groups] == [list(STAGES)] * 2


def test_a_finished_run_goes_before_an_unfinished_one_of_its_stage(
    runs: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copytree(runs / "cnn" / "predictive", tmp_path / "cnn" / name)
    (tmp_path / "cnn" / "a" / "finished.json").unlink()
    found = find_groups(tmp_path)[0].of("predictive")
    assert found is not None
    assert found.name == "cnn/b"


def test_the_observed_frames_follow_from_the_latents_intervals(runs: Path) -> None:
    assert [group.observed for group in find_groups(runs)] == [9, 9]


def test_the_seconds_of_a_run_are_those_it_logged(runs: Path) -> None:
    record = RunRecord(folder=runs / "cnn" / "latte", name="latte")
    assert record.seconds == 40 * 0.5 + 3 * 0.5  # training steps, then evaluations


def test_folders_are_named_as_shortly_as_they_can_be_told_apart() -> None:
    assert short_names([Path("/r/a/x"), Path("/r/b/x")]) == ["a/x", "b/x"]
    assert short_names([Path("/r/a"), Path("/r/b")]) == ["a", "b"]
