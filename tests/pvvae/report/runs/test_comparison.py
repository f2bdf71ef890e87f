import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.results import FILE, Results, Value
from pvvae.report import comparison


def row(table: str, title: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(title))
    return line.split()


def test_evaluations_stand_side_by_side_with_the_best_marked(runs: Path) -> None:
    table = comparison([runs / "cnn", runs / "vit"])
    assert table.splitlines()[0].split() == ["cnn", "vit"]
    assert row(table, "PSNR") == ["PSNR", "(dB)", "↑", "22.50*", "±", "0.23", "18.75+", "±", "0.19"]
    assert row(table, "LPIPS") == ["LPIPS", "↓", "0.3000*", "0.3600+"]
    assert row(table, "FVD") == ["FVD", "↓[c]", "1,234.50*", "1,481.40+"]


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
    assert row(table, "PSNR")[-4:] == ["–", "18.75", "±", "0.19"]


def test_a_run_without_results_is_refused(make_run: Callable[..., None], tmp_path: Path) -> None:
    make_run(tmp_path / "latents", "extract_latents")
    with pytest.raises(ConfigError, match="nothing to compare yet"):
        comparison([tmp_path / "latents"])


def test_two_evaluations_of_one_kind_are_refused(runs: Path) -> None:
    with pytest.raises(ConfigError, match="holds several runs of evaluate_"):
        comparison([runs])


def measured(path: Path, *, psnr: float, frames: int = 17) -> Path:
    """A file as ``pvvae metrics --json`` writes it."""
    results = Results(
        metrics={"psnr": Value(value=psnr), "fvd": Value(value=10 * psnr)},
        protocol={"size": "17x32x32", "fvd": {"frames": frames}},
        counts={"real": 16, "generated": 16},
    )
    results.write(path)
    return path


def test_files_of_metrics_are_compared_too(tmp_path: Path) -> None:
    files = [measured(tmp_path / f"{name}.json", psnr=psnr) for name, psnr in (("a", 30), ("b", 3))]
    table = comparison(files)
    assert table.splitlines()[0].split() == ["a.json", "b.json"]
    assert row(table, "PSNR") == ["PSNR", "(dB)", "↑", "30.00*", "3.00+"]
    assert row(table, "FVD") == ["FVD", "↓[a]", "300.00+", "30.00*"]


def test_results_of_different_protocols_are_refused_with_what_differs(tmp_path: Path) -> None:
    files = [
        measured(tmp_path / "a.json", psnr=30.0),
        measured(tmp_path / "b.json", psnr=31.0, frames=16),
    ]
    with pytest.raises(ConfigError) as caught:
        comparison(files)
    assert str(caught.value) == (
        "these were measured by different protocols: "
        "fvd.frames: 17 against 16 (a.json against b.json). "
        "--anyway puts them side by side, with marks"
    )


def test_anyway_marks_what_depends_on_the_difference(tmp_path: Path) -> None:
    files = [
        measured(tmp_path / "a.json", psnr=30.0),
        measured(tmp_path / "b.json", psnr=31.0, frames=16),
    ]
    table = comparison(files, anyway=True)
    assert row(table, "PSNR") == ["PSNR", "(dB)", "↑", "30.00+", "31.00*"]
    assert row(table, "FVD") == ["FVD", "↓[a,b]", "300.00", "310.00"]
    assert "[a] fvd.frames: 17 against 16 (a.json against b.json)" in table.splitlines()
    assert "[b] 16 vs 16 clips" in table.splitlines()


def test_other_clips_are_another_protocol(runs: Path, tmp_path: Path) -> None:
    plain = json.loads((runs / "vit" / "evaluate_reconstruction" / FILE).read_text())
    plain["protocol"]["clips"]["sha256"] = "4567"
    (tmp_path / "other.json").write_text(json.dumps(plain))
    with pytest.raises(ConfigError, match=r"clips\.sha256: 0123 against 4567"):
        comparison([runs / "cnn" / "evaluate_reconstruction", tmp_path / "other.json"])


@pytest.mark.parametrize(
    ("format", "best"),
    [
        ("text", "22.50*"),
        ("markdown", "**22.50**"),
        ("latex", r"\textbf{22.50}"),
        ("html", '<td class="best"><span>22.50</span>'),
    ],
)
def test_every_format_marks_the_best(format: str, best: str, runs: Path) -> None:
    paths = [runs / name / "evaluate_reconstruction" for name in ("cnn", "vit")]
    assert best in comparison(paths, format=format)
