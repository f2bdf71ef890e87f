"""A damaged run is one row; the others stand."""

import json
from pathlib import Path

import pytest

from launchers.cli import main
from tools.fuzz.runs import whole_group

SPOILT = {
    "predictive/config.yaml": (b"\xff", "not UTF-8 text"),
    "predictive/metrics.jsonl": (b"[1]\n{}\n", "metrics.jsonl:1: damaged"),
    "evaluation/config.yaml": (b"[1]", "config is a mapping"),
    "predictive/provenance.json": (b'{"packages": 3}', "packages is 3"),
    "evaluation/clips/000000_original.npy": (b"x", "000000_original.npy: damaged"),
}


@pytest.fixture(params=SPOILT)
def spoilt(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A folder of two groups of runs, and what has to be said of the spoilt one."""
    for group in ("spoilt", "whole"):
        for name, data in whole_group().items():
            path = tmp_path / "runs" / group / name
            path.parent.mkdir(parents=True, exist_ok=True)
            wrong = group == "spoilt" and name == request.param
            path.write_bytes(SPOILT[name][0] if wrong else data)
    return tmp_path / "runs", SPOILT[request.param][1]


def test_a_damaged_run_is_one_row_of_the_report(spoilt, tmp_path, capsys):
    runs, said = spoilt
    assert main(["report", str(runs), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out/index.html").read_text()
    assert said in page
    assert ">damaged<" in page
    assert "20.00" in page  # the whole group's


def test_a_damaged_run_is_one_row_of_the_status(spoilt, capsys):
    runs, _ = spoilt
    assert main(["status", str(runs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert sum("psnr 20" in line for line in lines) >= 1


def test_a_run_whose_results_are_damaged_is_an_empty_column(tmp_path, capsys):
    for group in ("spoilt", "whole"):
        for name, data in whole_group().items():
            path = tmp_path / group / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    results = tmp_path / "spoilt/evaluation/results.json"
    results.write_text(json.dumps({"metrics": []}))
    assert main(["compare", str(tmp_path / "whole"), str(tmp_path / "spoilt")]) == 0
    said = capsys.readouterr().out
    assert "20.00" in said
    assert "spoilt/evaluation/results.json" in said
