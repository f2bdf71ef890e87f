"""Scenes whose motion is known: what is measured of a VAE there, and what is refused."""

import json
from pathlib import Path

import pytest

from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.errors import ConfigError
from pvvae.evaluation.futures import horizon, repeated
from pvvae.evaluation.known_motion import scene_clip
from stages import program
from tests.small_box import small_box
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")
NUM, SEED = 5, 7


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("scenes") / "box")


def run(box: Path, folder: Path, *words: str) -> None:
    given = [f"run={folder}", f"vae={box}/vit", f"num={NUM}", f"seed={SEED}", *words]
    start, config = program.load(CONFIGS / "shared/evaluate_scenes.yaml", given)
    start(config)


def test_errors_on_what_moves_stand_beside_repetition_and_true_velocities(
    box: Path, tmp_path: Path
) -> None:
    run(box, tmp_path / "run")
    plain = json.loads((tmp_path / "run/results.json").read_text())
    metrics = plain["metrics"]
    ways = ("predicted", "repeated", "extrapolated")
    assert metrics.keys() == {
        "psnr",
        *(f"{part}_{way}_mse" for part in ("moving", "still") for way in ways),
        *(f"{part}_against_{way}" for part in ("moving", "still") for way in ways[1:]),
    }
    for value in metrics.values():
        low, high = value["interval"]
        assert low < value["value"] < high
    ratio = metrics["moving_predicted_mse"]["value"] / metrics["moving_repeated_mse"]["value"] - 1
    assert metrics["moving_against_repeated"]["value"] == pytest.approx(ratio)
    assert metrics["moving_extrapolated_mse"]["value"] < metrics["moving_repeated_mse"]["value"]
    assert plain["counts"] == {"clips": NUM}
    assert not (tmp_path / "run/measured").exists()


def test_repetition_is_measured_on_the_scenes_of_the_seed(box: Path, tmp_path: Path) -> None:
    run(box, tmp_path / "run")
    found = json.loads((tmp_path / "run/results.json").read_text())["metrics"]
    settings = SceneSettings(height=64, width=64, frames=17, texel=4.0, speed=1.2)
    pictures = packaged_pictures()
    clips = [
        scene_clip(settings, seed=SEED, index=index, observed=9, pictures=pictures)
        for index in range(NUM)
    ]
    made = [repeated(clip.frames, observed=9) for clip in clips]
    expected = horizon(clips, made, moves=True, observed=9).mean
    assert found["moving_repeated_mse"]["value"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("observed=8", "observed: a clip must have 1 + n * 4 frames, got 8"),
        ("observed=17", "observed: must leave some of 17 frames, got 17"),
        ("scenes.frames=16", "scenes.frames: a clip must have 1 + n * 4 frames, got 16"),
    ],
)
def test_frames_that_are_no_whole_groups_are_refused(
    box: Path, tmp_path: Path, word: str, line: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        run(box, tmp_path / "run", word)
    assert str(caught.value).startswith(line)
