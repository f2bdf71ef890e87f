import shutil
from pathlib import Path

from pvvae.report.runs import sections
from pvvae.report.runs.run_records import find_groups


def test_every_clip_has_a_row_of_each_backbone_with_the_boundary_marked(runs: Path) -> None:
    html = sections.predictions(find_groups(runs))
    clips, rows = 2, 3  # the truth and two backbones
    assert html.count("<video") == clips * 2
    assert html.count('edge" src') == clips * rows
    assert html.count('<img class="observed') == clips * 2 * 2
    assert html.count('<img class="predicted') == clips * 2 * 4
    assert "the encoder saw frames 1–9 of 17" in html


def test_an_evaluation_that_was_killed_early_shows_what_it_left(runs: Path, tmp_path: Path) -> None:
    partial = shutil.copytree(runs, tmp_path / "toy")
    for name in ("cnn", "vit"):
        folder = partial / name / "evaluate_reconstruction"
        for file in ("results.json", "finished.json", "clips/000001_reconstruction.npy"):
            (folder / file).unlink()
    groups = find_groups(partial)
    assert sections.predictions(groups) == ""
    assert sections.reconstructions(groups).count("<video") == 1


def test_a_clip_that_one_backbone_lacks_is_shown_of_the_other(runs: Path, tmp_path: Path) -> None:
    partial = shutil.copytree(runs, tmp_path / "toy")
    for path in (partial / "cnn" / "evaluate_reconstruction" / "clips").glob("000001_*"):
        path.unlink()
    groups = find_groups(partial)
    assert sections.predictions(groups).count("<video") == 3
    assert sections.reconstructions(groups).count("<video") == 2


def test_backbones_that_saw_other_clips_do_not_share_a_card(runs: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(runs, tmp_path / "toy")
    clips = mixed / "vit" / "evaluate_reconstruction" / "clips"
    (clips / "000001_original.npy").write_bytes((clips / "000000_original.npy").read_bytes())
    groups = find_groups(mixed)
    assert sections.predictions(groups).count("<figure") == 1 + 2
    assert sections.reconstructions(groups).count("<figure") == 1 + 2


def test_samples_carry_the_class_they_were_asked_for(runs: Path) -> None:
    html = sections.samples(find_groups(runs))
    assert html.count("<video") == 2 * 3
    assert html.count("<figcaption>up &amp; down</figcaption>") == 2
