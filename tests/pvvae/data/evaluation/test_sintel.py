"""Sintel's folders as clips with flow."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.data.evaluation.clip_set import evaluation_clips
from pvvae.data.evaluation.sintel import SintelClips, flow_to_cover, sintel_folder
from pvvae.errors import ConfigError
from tests.annotated import write_flo, write_sintel

SCENES = {"alley_1": 11, "bamboo_2": 5, "cave_2": 4, "market_5": 5, "temple_3": 6}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    folder = tmp_path_factory.mktemp("data") / "MPI-Sintel"
    return folder, write_sintel(folder, SCENES)


def test_the_folder_or_its_training_part_may_be_named(
    written: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    folder = written[0]
    assert sintel_folder(folder) == sintel_folder(folder / "training") == folder / "training"
    assert sintel_folder(folder / "training" / "final") is None
    assert sintel_folder(tmp_path) is None


def test_clips_of_a_scene_share_no_pair_and_short_scenes_have_none(
    written: tuple[Path, dict[str, np.ndarray]],
) -> None:
    clips = SintelClips(written[0] / "training", frames=5)
    of_clean = [name for name in clips.ids if name.startswith("clean/")]
    starts = ["alley_1@0", "alley_1@4", "bamboo_2@0", "market_5@0", "temple_3@0"]
    assert of_clean == [f"clean/{name}" for name in starts]
    assert len(clips) == 2 * len(of_clean)
    assert clips.rounds[:3] == [0, 1, 0]


def test_native_flow_is_that_of_the_files_to_the_last_bit(
    written: tuple[Path, dict[str, np.ndarray]],
) -> None:
    folder, flows = written
    clips = SintelClips(folder / "training", frames=5)
    found = clips.flow("final/alley_1@4", height=32, width=64)  # two rows less on either side
    assert np.array_equal(found, flows["alley_1"][4:8, 2:34])


def test_frames_and_flow_are_of_the_same_place(
    written: tuple[Path, dict[str, np.ndarray]],
) -> None:
    folder = written[0] / "training"
    clips = SintelClips(folder, frames=5)
    drawn = evaluation_clips(
        str(folder), frames=5, height=36, width=32, num=None, seed=0, candidates=clips
    )
    place = [chosen.id for chosen in drawn.chosen].index("clean/alley_1@4")
    first = next(clips.frames(clips.ids.index("clean/alley_1@4"), frames=5, stride=1, choose=None))
    assert np.array_equal(drawn[place].frames[0], first[:, 16:48])


def test_a_constant_flow_is_scaled_with_its_frames_exactly() -> None:
    flow = np.tile(np.float32([8.0, -4.0]), (40, 64, 1))
    assert np.array_equal(
        flow_to_cover(flow, height=20, width=20), np.tile(np.float32([4.0, -2.0]), (20, 20, 1))
    )
    wide = flow_to_cover(flow, height=80, width=80)
    assert np.array_equal(wide, np.tile(np.float32([16.0, -8.0]), (80, 80, 1)))


def test_scenes_are_split_in_one_way_for_both_renderings(
    written: tuple[Path, dict[str, np.ndarray]],
) -> None:
    folder = written[0] / "training"
    learned, tested = (
        set(SintelClips(folder, frames=4, part=part).sources) for part in ("learned", "tested")
    )
    assert not learned & tested
    assert learned | tested == set(SCENES)
    assert len(tested) == 1


def test_what_is_missing_or_damaged_is_one_line(tmp_path: Path) -> None:
    flows = write_sintel(tmp_path, {"alley_1": 5}, height=16, width=24)
    folder = tmp_path / "training"
    last = folder / "flow/alley_1/frame_0004.flo"
    with pytest.raises(ConfigError, match="no scene of Sintel has 6 frames"):
        SintelClips(folder, frames=6)
    clips = SintelClips(folder, frames=5)
    write_flo(last, flows["alley_1"][3], cut=8)
    with pytest.raises(ConfigError, match=r"frame_0004\.flo: 3076 bytes, and 24 x 16 pixels need"):
        clips.flow("clean/alley_1@0", height=16, width=16)
    write_flo(last, flows["alley_1"][3][:8])
    with pytest.raises(ConfigError, match="is of 8 x 24 pixels, and its frame of 16 x 24"):
        clips.flow("clean/alley_1@0", height=16, width=16)
    last.unlink()
    with pytest.raises(ConfigError, match=r"frame_0004\.flo: is missing; it has the flow of"):
        SintelClips(folder, frames=5)
