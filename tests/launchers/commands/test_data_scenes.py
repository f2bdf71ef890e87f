import json

import numpy as np
import pytest
from PIL import Image

from launchers.cli import main


@pytest.fixture
def photographs(tmp_path):
    draw = np.random.default_rng(0)
    for name in ("a", "b"):
        path = tmp_path / "photographs" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(path)
    return str(tmp_path / "photographs")


def test_scenes_are_made_and_a_part_of_them_taken(photographs, tmp_path, capsys):
    out = str(tmp_path / "scenes")
    words = [
        "--size",
        "16x24",
        "--frames",
        "5",
        "--kinds",
        "slide",
        "pan",
        "--pictures",
        photographs,
    ]
    assert main(["data", "scenes", "--out", out, "--clips", "6", "--seed", "3", *words]) == 0
    assert "6 scenes of 5x16x24, seed 3, in 6 shards" in capsys.readouterr().out
    part = str(tmp_path / "part")
    assert main(["data", "subset", out, "--fraction", "1/3", "--out", part]) == 0
    assert f"{part}: 2 of 6 samples of {out} (1/3, seed 0)" in capsys.readouterr().out
    assert main(["data", "list", part]) == 0
    assert "2 clips" in capsys.readouterr().out
    settings = json.loads((tmp_path / "scenes/index.json").read_text())["settings"]
    assert settings["settings"] == {
        "height": 16,
        "width": 24,
        "frames": 5,
        "speed": 1.0,
        "predictability": 1.0,
        "sprites": 3,
        "texel": 1.5,
        "kinds": ["slide", "pan"],
    }


def told(what: str) -> str:
    """What argparse says of an option."""
    return f"data scenes: argument {what}; see `pvvae data scenes --help`"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--size", "64"], "--size: must be rows x columns as in 256x256, got '64'"),
        (["--size", "8x8"], "height must be at least 16, got 8"),
        (["--clips", "0"], told("--clips: must be at least 1, got 0")),
        (["--frames", "0"], told("--frames: must be at least 1, got 0")),
        (["--speed", "-1"], told("--speed: must be at least 0, got -1")),
        (["--predictability", "2"], told("--predictability: must be in [0, 1], got 2")),
        (
            ["--kinds", "slide", "jump"],
            "kinds: must be some of slide, accelerate, rotate, pan, zoom, got slide, jump",
        ),
        (["--texel", "0.5"], told("--texel: must be at least 1, got 0.5")),
        (["--shards", "0"], told("--shards: must be at least 1, got 0")),
        (
            ["--pictures", "nowhere"],
            "nowhere: no such folder; name one with videos or images in it",
        ),
    ],
)
def test_scenes_that_cannot_be_are_one_line(words, line, tmp_path, capsys):
    assert main(["data", "scenes", "--out", str(tmp_path), "--clips", "2", *words]) == 2
    assert capsys.readouterr().err == f"pvvae: {line}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["half", "1/0", "nan", "inf"])
def test_a_fraction_that_is_no_number_is_one_line(word, tmp_path, capsys):
    words = ["data", "subset", "nowhere", "--fraction", word, "--out", str(tmp_path / "part")]
    assert main(words) == 2
    expected = f"pvvae: --fraction: must be a number such as 1/8 or 0.125, got '{word}'\n"
    assert capsys.readouterr().err == expected


def test_a_subset_of_nothing_is_one_line(tmp_path, capsys):
    words = ["data", "subset", "nowhere", "--fraction", "1/2", "--out", str(tmp_path / "part")]
    assert main(words) == 2
    assert "pvvae: nowhere: no such folder; make them with" in capsys.readouterr().err
