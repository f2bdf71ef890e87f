"""``pvvae probe``: numbers, or one line about what cannot be."""

import json
from pathlib import Path

import pytest

from launchers import cli
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.scenes.shards import SceneSet, write_scenes
from tests.annotated import tap_vid_film, write_sintel, write_tap_vid
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


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes to learn from."""
    folder = tmp_path_factory.mktemp("probe") / "others"
    settings = SceneSettings(height=32, width=32, frames=9, texel=4.0)
    made = SceneSet(settings=settings, clips=5, seed=6, shards=1)
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
    assert not (out / "results.json").exists()  # of which of the two?


HEADS = [*SMALL[:6], "--seeds", "2", "--steps", "2", "--batch", "2", "--width", "8"]


def test_a_latte_its_vae_and_pixels_stand_beside_trivial_flow(
    tmp_path: Path, box: Path, scenes: Path, others: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "flow"
    words = ["probe", "flow", str(box / "vit_latte"), str(box / "vit"), "--pixels", *HEADS]
    words += ["--train", str(others), "--clips", str(scenes), "--out", str(out)]
    assert cli.main([*words, "--block", "1", "2", "--time", "0.1", "0.5"]) == 0
    assert str(out / "index.html") in capsys.readouterr().out
    runs = json.loads((out / "analysis.json").read_text())["runs"]
    assert list(runs) == ["pixels", "vit", "vit_latte"]
    assert len(runs["vit_latte"]["sweep"]) == 4 and "sweep" not in runs["vit"]
    assert len({runs[name]["metrics"]["dis_epe"]["value"] for name in runs}) == 1
    assert "<th>block 2</th>" in (out / "index.html").read_text()
    assert not (out / "measured").exists()


def test_the_next_frame_of_any_clips_has_the_vae_s_own_as_a_floor(
    tmp_path: Path, box: Path, shards: Path, others: Path
) -> None:
    out = tmp_path / "next"
    words = ["probe", "next-frame", str(box / "vit"), *HEADS, "--train", str(shards / "train")]
    assert cli.main([*words, "--clips", str(others), "--out", str(out)]) == 0
    found = json.loads((out / "analysis.json").read_text())["runs"]["vit"]
    assert found["protocol"]["seen"] == 5
    assert {"probe_mse", "repeated_mse", "mean_mse", "rebuilt_mse"} == found["metrics"].keys()
    assert json.loads((out / "results.json").read_text())["metrics"] == found["metrics"]


def test_flow_of_clips_whose_motion_is_not_known_is_one_line(
    tmp_path: Path, box: Path, shards: Path, scenes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["probe", "flow", str(box / "vit"), *HEADS, "--out", str(tmp_path / "out")]
    words += ["--train", str(shards / "train"), "--clips", str(scenes)]
    assert cli.main(words) == 2
    assert "how every pixel moves is known of scenes and of Sintel alone" in capsys.readouterr().err


def test_a_folder_of_sintel_is_split_by_its_scenes(
    tmp_path: Path, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sintel(tmp_path / "sintel", {"alley_1": 9, "bamboo_2": 9, "cave_2": 9})
    where, out = str(tmp_path / "sintel"), tmp_path / "flow"
    words = ["probe", "flow", str(box / "vit"), *HEADS, "--train", where, "--clips", where]
    assert cli.main([*words, "--out", str(out)]) == 0
    found = json.loads((out / "analysis.json").read_text())["runs"]["vit"]
    assert found["counts"]["clips"] == 2  # one scene in both renderings
    assert found["counts"]["fitted_on"] + found["counts"]["chosen_by"] == 4
    assert found["protocol"]["truth"].startswith("Sintel's own")


def test_points_of_tap_vid_are_followed(tmp_path: Path, box: Path) -> None:
    films = write_tap_vid(tmp_path / "davis.pkl", {"a": tap_vid_film(), "b": tap_vid_film()})
    out = tmp_path / "tracking"
    words = ["probe", "tracking", str(box / "vit"), *SMALL, "--clips", str(films)]
    assert cli.main([*words, "--out", str(out)]) == 0
    found = json.loads((out / "analysis.json").read_text())["runs"]["vit"]
    assert found["counts"]["clips"] == 2 and found["counts"]["points"] > 0
    assert found["protocol"]["clips"]["resize"].startswith("whole frames to size")


def test_clips_whose_points_are_not_known_are_one_line(
    tmp_path: Path, box: Path, shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["probe", "tracking", str(box / "vit"), *SMALL, "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--clips", str(shards / "held_out")]) == 2
    assert (
        "where points go is known of scenes and of TAP-Vid-DAVIS alone" in capsys.readouterr().err
    )
