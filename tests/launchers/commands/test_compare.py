from pathlib import Path

import pytest

from launchers import cli
from pvvae.metrics.results import Results, Value


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two results that differ in the length of clips."""
    for name, size in (("a", "17x32x32"), ("b", "9x32x32")):
        found = Results(
            metrics={"psnr": Value(value=30.0)}, protocol={"size": size}, counts={"clips": 4}
        )
        found.write(tmp_path / f"{name}.json")
    return [str(tmp_path / "a.json"), str(tmp_path / "b.json")]


def test_different_protocols_are_one_line_about_what_differs(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *files]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "size: 17x32x32 against 9x32x32 (a.json against b.json)" in said.err


def test_a_comparison_is_written_to_the_named_file(files: list[str], tmp_path: Path) -> None:
    out = tmp_path / "made" / "table.tex"
    words = ["compare", *files, "--anyway", "--format", "latex", "-o", str(out)]
    assert cli.main(words) == 0
    assert r"\begin{tabular}{lrr}" in out.read_text()


def test_an_unknown_format_is_refused_with_the_known_ones(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *files, "--format", "pdf"]) == 2
    assert "'text', 'markdown', 'latex', 'html'" in capsys.readouterr().err
