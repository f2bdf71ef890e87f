"""``pvvae probe``: numbers, or one line about what cannot be."""

import json
from pathlib import Path

import pytest

from launchers import cli
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.scenes.shards import SceneSet, write_scenes
from tests.small_box import small_box


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("probe") / "box")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe") / "scenes"
    settings = SceneSettings(height=32, width=32, frames=9, texel=4.0)
    made = SceneSet(settings=settings, clips=3, seed=5, shards=1)
    write_scenes(folder, made, pictures=packaged_pictures())
    return folder


SMALL = ["--size", "32x32", "--frames", "9", "--num", "3", "--points", "4"]


def test_tracers_of_two_vaes_become_numbers(
    tmp_path: Path, box: Path, scenes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracking"
    words = ["probe", "tracking", str(box / "vit"), str(box / "vit_twin"), *SMALL]
    assert cli.main([*words, "--clips", str(scenes), "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["vit", "vit_twin"]
    runs = json.loads((out / "analysis.json").read_text())["runs"]
    metrics = runs["vit"]["metrics"]
    assert metrics == runs["vit_twin"]["metrics"]
    assert metrics["velocity_kept_auc_all"]["value"] > metrics["staying_auc_moving"]["value"]
    assert not (out / "measured").exists()


def test_clips_whose_points_are_not_known_are_one_line(
    tmp_path: Path, box: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["probe", "tracking", str(box / "vit"), *SMALL, "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--clips", str(shards / "held_out")]) == 2
    assert "where points go is known of scenes alone" in capsys.readouterr().err
