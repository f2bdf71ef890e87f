"""What is foretold is held against repetition and against true motion, on what moves."""

import numpy as np
import pytest

from pvvae.evaluation.futures import against, horizon, repeated
from pvvae.report.demo.clips import FRAMES, OBSERVED, held_out_scenes


def test_repeating_the_last_frame_is_as_good_as_itself_and_true_motion_better() -> None:
    scenes = held_out_scenes(5)
    same = [repeated(clip.frames, observed=OBSERVED) for clip in scenes]
    other = horizon(scenes, same, moves=True, observed=OBSERVED)
    assert against(other, other)[0] == 0.0
    followed = [clip.extrapolated for clip in scenes]
    value, interval = against(horizon(scenes, followed, moves=True, observed=OBSERVED), other)
    assert interval is not None
    assert interval[0] < value < -0.3
    assert len(other.by_frame) == FRAMES - OBSERVED
    assert other.by_frame[0] < other.by_frame[-1]


def test_errors_on_what_moves_and_on_what_stands_still_are_the_whole() -> None:
    scenes = held_out_scenes(3)
    made = [repeated(clip.frames, observed=OBSERVED) for clip in scenes]
    moving, still, whole = (
        horizon(scenes, made, moves=moves, observed=OBSERVED) for moves in (True, False, None)
    )
    error, pixels = moving.sums.sum(axis=0) + still.sums.sum(axis=0)
    assert pixels == pytest.approx(3 * (FRAMES - OBSERVED))
    late = [
        (m[OBSERVED:] / 255.0, c.frames[OBSERVED:] / 255.0)
        for m, c in zip(made, scenes, strict=True)
    ]
    expected = np.mean([np.square(m - c) for m, c in late])
    assert error / pixels == pytest.approx(expected, rel=1e-5)
    assert whole.mean == pytest.approx(expected, rel=1e-5)
    ends = whole.interval()
    assert ends is not None
    assert ends[0] < whole.mean < ends[1]
