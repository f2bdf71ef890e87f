import argparse
from pathlib import Path

import pytest

from launchers.bench import tiles
from pvvae.data.video.video import write_video
from pvvae.errors import ConfigError
from tests.launchers.squares import FPS, moving_squares


@pytest.fixture
def video(tmp_path: Path) -> Path:
    write_video(tmp_path / "in.mp4", moving_squares(9, 120, 128), fps=FPS)
    return tmp_path / "in.mp4"


def result(run: Path, video: Path, *words: str) -> dict:
    parser = argparse.ArgumentParser()
    tiles.declare(parser)
    named = ["--run", str(run), "--video", str(video), "--frames", "5", "--tile", "96"]
    return tiles.run(parser.parse_args([*named, *words]))


def test_a_network_that_sees_one_cell_leaves_no_seams(vae_run: Path, video: Path):
    found = result(vae_run, video, "--overlaps", "0", "16")
    assert list(found["overlaps"]) == ["0", "16"]
    for decibels in found["overlaps"].values():
        assert decibels["seams"] == decibels["elsewhere"] == 100.0
        assert decibels["video at seams"] == decibels["video at seams, whole"] < 100.0
    assert found["ratios"].keys() == {"overlap 0/whole", "overlap 16/whole"}
    assert "overlap 16/whole" in tiles.table(found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tile", "512"), "--tile: the picture is no larger than a tile"),
        (("--tile", "40"), "--tile, --overlaps: tile size must be a multiple of 16, got 40"),
        (("--overlaps", "64"), r"--overlaps: overlap must be in \[0, 48\]"),
        (("--frames", "6"), "--frames: .*nearest valid lengths: 5, 9"),
    ],
)
def test_mistakes_are_one_line(vae_run: Path, video: Path, words, message):
    with pytest.raises(ConfigError, match=message):
        result(vae_run, video, *words)
