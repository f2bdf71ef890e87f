from collections.abc import Callable
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.report import comparison


def row(table: str, title: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(title))
    return line.split()


def test_evaluations_stand_side_by_side_with_the_best_marked(runs: Path) -> None:
    table = comparison([runs / "cnn", runs / "vit"])
    assert table.splitlines()[0].split() == ["cnn", "vit"]
    assert row(table, "PSNR") == ["PSNR", "(dB)", "↑", "22.50*", "18.75+"]
    assert row(table, "LPIPS") == ["LPIPS", "↓", "0.3000*", "0.3600+"]
    assert row(table, "FVD") == ["FVD", "↓", "1,234.5*[b]", "1,481.4+[b]"]


def test_equal_values_are_not_marked(runs: Path) -> None:
    assert row(comparison([runs / "cnn", runs / "vit"]), "Decode")[-1] == "71.4"


def test_paths_are_named_by_the_ends_that_tell_them_apart(runs: Path) -> None:
    names = [runs / name / "evaluate_reconstruction" for name in ("cnn", "vit")]
    table = comparison(names)
    assert table.splitlines()[0].split() == [
        "cnn/evaluate_reconstruction",
        "vit/evaluate_reconstruction",
    ]


def test_training_runs_are_compared_by_their_last_held_out_values(runs: Path) -> None:
    table = comparison([runs / "cnn" / "predictive", runs / "vit" / "predictive"])
    assert row(table, "Step") == ["Step", "40", "40"]
    assert row(table, "PSNR") == ["PSNR", "(dB)", "↑", "24.00*", "20.67+"]


def test_a_value_that_only_one_run_has_is_a_dash_in_the_other(runs: Path) -> None:
    table = comparison([runs / "cnn" / "evaluate_generation", runs / "vit"])
    assert row(table, "PSNR")[-2:] == ["–", "18.75"]


def test_a_run_without_results_is_refused(make_run: Callable[..., None], tmp_path: Path) -> None:
    make_run(tmp_path / "latents", "extract_latents")
    with pytest.raises(ConfigError, match="nothing to compare yet"):
        comparison([tmp_path / "latents"])


def test_two_evaluations_of_one_kind_are_refused(runs: Path) -> None:
    with pytest.raises(ConfigError, match="holds several runs of evaluate_"):
        comparison([runs])
