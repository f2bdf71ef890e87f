"""``pvvae analyze``: a page, and one line about what cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest

from launchers import cli
from tests.processes import ROOT
from tests.small_box import small_box
from tests.toy_clips import moving_pattern


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("analyze") / "box")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for number in range(4):
        np.save(folder / f"{number}.npy", moving_pattern(number, frames=9)[:, :32, :32])
    return folder


SMALL = ["--size", "32x32", "--frames", "9", "--num", "4"]


def test_latents_of_two_vaes_become_a_page_pictures_and_numbers(
    tmp_path: Path, box: Path, clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "latents"
    words = ["analyze", "latents", str(box / "vit"), str(box / "vit_twin"), *SMALL]
    words += ["--clips", str(clips), "--out", str(out), "--shown", "2"]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["vit", "vit_twin"]
    assert printed[-1] == str(out / "index.html")
    html = (out / "index.html").read_text()
    assert html.count("<video") == 2
    assert html.count("<svg") == 8
    assert "DIS of OpenCV" in html
    runs = json.loads((out / "analysis.json").read_text())["runs"]
    assert runs["vit"]["metrics"]["viv"] == runs["vit_twin"]["metrics"]["viv"]
    stills = sorted(path.name for path in (out / "pictures").iterdir())
    assert stills == ["00.mp4", "00_4.png", "00_9.png", "01.mp4", "01_4.png", "01_9.png"]
    assert not (out / "measured").exists()
    assert cli.main([*words, "--basis", "shared"]) == 0  # over its own page


def test_predictions_of_two_vaes_become_a_page_films_and_numbers(
    tmp_path: Path, box: Path, clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "prediction"
    words = ["analyze", "prediction", str(box / "vit"), str(box / "vit_twin"), *SMALL]
    words += ["--clips", str(clips), "--out", str(out), "--shown", "1", "--observed", "5"]
    assert cli.main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "vit, 5 seen" in printed[0]
    assert printed[-1] == str(out / "index.html")
    html = (out / "index.html").read_text()
    assert html.count("<video") == 1
    assert html.count("<svg") == 2
    runs = json.loads((out / "analysis.json").read_text())["runs"]
    assert set(runs["vit"]["5"]["metrics"]) == set(runs["vit_twin"]["5"]["metrics"])
    assert [path.name for path in (out / "films").iterdir()] == ["5_00.mp4"]
    assert not (out / "measured").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere"),
        (["{box}/vit", "{box}/vit"], "{box}/vit: is named twice"),
        (["{box}/vit", "--flow", "truth"], "no scenes with known motion; ask for --flow dis"),
        (["{box}/vit", "--size", "36x32"], "vit: height must be a multiple of 8, got 36"),
        (["{box}/vit", "--size", "big"], "--size: must be rows x columns as in 256x256"),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path,
    box: Path,
    clips: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    given = [word.format(box=box) for word in words]
    out = ["--clips", str(clips), "--out", str(tmp_path / "out")]
    assert cli.main(["analyze", "latents", *SMALL, *out, *given]) == 2
    error = capsys.readouterr().err.splitlines()
    assert message.format(box=box) in error[-1]
    assert not any("Traceback" in line for line in error)
    assert not (tmp_path / "out" / "index.html").exists()


def test_another_page_is_not_replaced(
    tmp_path: Path, box: Path, clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").write_text("mine")
    words = ["analyze", "latents", str(box / "vit"), "--clips", str(clips), "--out", str(tmp_path)]
    assert cli.main(words) == 2
    assert "give --overwrite" in capsys.readouterr().err
    assert (tmp_path / "index.html").read_text() == "mine"


def test_what_foretells_gfvd_is_a_page_over_committed_outcomes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = ROOT / "docs/results"
    studies = [str(results / f"2026-11-22-{name}") for name in ("figure5b", "clips-figure5b")]
    out = tmp_path / "foretold"
    assert cli.main(["analyze", "foretell", *studies, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "PSNR" in printed and printed.endswith(f"{out}/index.html\n")
    assert len(json.loads((out / "analysis.json").read_text())["runs"]) == 44
    assert cli.main(["analyze", "foretell", str(tmp_path), "--out", str(out)]) == 2
    assert "no study with outcomes" in capsys.readouterr().err
