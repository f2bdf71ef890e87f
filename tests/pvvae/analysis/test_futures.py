"""Rivals of a prediction."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.analysis.clips import AnalysedClips, ClipQuestion
from pvvae.analysis.futures import future_of, repeated
from pvvae.data.scenes.extrapolation import moving

OBSERVED = 5


def _clips(where: Path, *, size: int = 32, num: int = 5) -> AnalysedClips:
    question = ClipQuestion(where=where, num=num, frames=9, height=size, width=size, seed=0)
    return AnalysedClips(question)


@pytest.fixture(scope="module")
def sliding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smooth picture that goes two pixels to the right in every frame, as files."""
    folder = tmp_path_factory.mktemp("sliding")
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 255, (10, 22, 3)).astype(float)
    wide = np.kron(coarse, np.ones((8, 8, 1)))
    for axis in (0, 1):
        kernel = np.ones(9) / 9
        wide = np.apply_along_axis(np.convolve, axis, wide, kernel, mode="same")
    picture = wide.clip(0, 255).astype(np.uint8)
    clip = np.stack([picture[8:72, 80 - 2 * t : 144 - 2 * t] for t in range(9)])
    np.save(folder / "sliding.npy", clip)
    return folder


def test_on_scenes_motion_is_the_truth(scenes: Path) -> None:
    clips = _clips(scenes)
    scene = clips.scene(2)
    assert scene is not None
    found = future_of(clips, 2, observed=OBSERVED)
    np.testing.assert_array_equal(found.moving, moving(scene))
    np.testing.assert_array_equal(found.extrapolated[:OBSERVED], found.frames[:OBSERVED])


def test_elsewhere_what_slides_moves_and_goes_on_as_it_went(sliding: Path) -> None:
    found = future_of(_clips(sliding, size=64, num=1), 0, observed=OBSERVED)
    assert not found.moving[0].any()
    assert found.moving[1:, 8:-8, 8:-8].mean() > 0.95
    inner = np.s_[OBSERVED:, 8:-8, 16:-8]  # what comes in on the left is not known
    truth = found.frames[inner].astype(float)
    still = found.repeated(OBSERVED)[inner]
    assert np.abs(found.extrapolated[inner] - truth).mean() < 0.25 * np.abs(still - truth).mean()


def test_repeating_leaves_what_was_seen() -> None:
    clip = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    assert repeated(clip, 3).ravel().tolist() == [0, 1, 2, 2, 2, 2]
