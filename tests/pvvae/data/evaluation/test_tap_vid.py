"""TAP-Vid's pickle as clips with points."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.data.evaluation.tap_vid import TapVidClips
from pvvae.errors import ConfigError
from tests.annotated import tap_vid_film, write_tap_vid


def test_points_are_pixels_of_whole_frames_squeezed_to_size(tmp_path: Path) -> None:
    film = tap_vid_film()
    film["points"][0, 0] = [0.5, 0.25]
    clips = TapVidClips(
        write_tap_vid(tmp_path / "davis.pkl", {"b": film, "a": film}), height=32, width=64
    )
    assert list(clips.ids) == ["a", "b"]
    frames = list(clips.frames(0, frames=5, stride=1, choose=None))
    assert [frame.shape for frame in frames] == [(32, 64, 3)] * 5
    tracks, visible = clips.tracks("b", frames=5)
    assert tracks[0, 0].tolist() == [31.5, 7.5]  # the centre of a frame lies between two pixels
    assert tracks.shape == (4, 5, 2)
    assert np.array_equal(visible, ~film["occluded"][:, :5])


def test_a_film_at_its_own_size_stays_as_it_is(tmp_path: Path) -> None:
    film = tap_vid_film()
    clips = TapVidClips(write_tap_vid(tmp_path / "davis.pkl", {"a": film}), height=48, width=80)
    found = np.stack(list(clips.frames(0, frames=9, stride=1, choose=None)))
    assert np.array_equal(found, film["video"])
    with pytest.raises(ConfigError, match="a: has 9 frames, 10 are needed"):
        list(clips.frames(0, frames=10, stride=1, choose=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"video": np.zeros((9, 4, 4, 3), np.float32)},
        {"points": np.zeros((4, 8, 2), np.float32)},
        {"points": [1, 2]},
        {"occluded": np.zeros((4, 9), np.uint8)},
    ],
    ids=str,
)
def test_another_form_is_one_line(tmp_path: Path, changes: dict) -> None:
    path = write_tap_vid(tmp_path / "davis.pkl", {"a": tap_vid_film() | changes})
    with pytest.raises(ConfigError, match="'a' is no clip; those of TAP-Vid are video uint8"):
        TapVidClips(path, height=32, width=32)


def test_a_file_that_is_no_pickle_of_arrays_is_one_line(tmp_path: Path) -> None:
    path = write_tap_vid(tmp_path / "davis.pkl", {"a": Path("b")})
    with pytest.raises(ConfigError, match=r"davis\.pkl: clips may hold numpy arrays only"):
        TapVidClips(path, height=32, width=32)
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(ConfigError, match="not a pickle, or a damaged one"):
        TapVidClips(path, height=32, width=32)
    with pytest.raises(ConfigError, match="has no clips by name"):
        TapVidClips(write_tap_vid(path, []), height=32, width=32)
    with pytest.raises(ConfigError, match="cannot be read"):
        TapVidClips(tmp_path / "absent.pkl", height=32, width=32)
