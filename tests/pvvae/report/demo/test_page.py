"""The demonstration's page: it grows part by part, and says what is measured."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.box import open_box
from pvvae.report.demo.clips import FRAMES, OBSERVED, SIDE, held_out_scenes, real_clip
from pvvae.report.demo.futures import EXTRAPOLATED, REPEATED, against, horizon, repeated
from pvvae.report.demo.page import demonstrate
from pvvae.report.demo.sections import in_words
from tests.small_box import small_box


def test_the_page_grows_part_by_part(tmp_path: Path) -> None:
    path = tmp_path / "demo/index.html"
    sizes, heads = [], []
    for head in demonstrate(open_box(small_box(tmp_path / "box")), path, measured=4):
        heads.append(head)
        html = path.read_text()
        sizes.append(len(html))
        assert f"<h2>{head}</h2>" in html
    assert heads == [
        "Reconstructions",
        "Predicted futures",
        "How far the future is foretold",
        "Latents as colours",
        "Samples, Transformer",
    ]
    assert sizes == sorted(sizes)
    assert "Transformer, twin" in html
    assert html.count("<video") == 3 * 6 + 10


def test_repeating_the_last_frame_is_as_good_as_itself_and_true_motion_better() -> None:
    scenes = held_out_scenes(5)
    same = [repeated(clip.frames) for clip in scenes]
    other = horizon(scenes, same, moves=True)
    assert against(other, other)[0] == 0.0
    followed = [c.extrapolated for c in scenes if c.extrapolated is not None]
    value, interval = against(horizon(scenes, followed, moves=True), other)
    assert interval is not None
    assert interval[0] < value < -0.3
    assert len(other.by_frame) == FRAMES - OBSERVED
    assert other.by_frame[0] < other.by_frame[-1]
    assert {REPEATED, EXTRAPOLATED} == {"last frame repeated", "true velocities kept"}


def test_errors_on_what_moves_and_on_what_stands_still_are_the_whole() -> None:
    scenes = held_out_scenes(2)
    made = [repeated(clip.frames) for clip in scenes]
    parts = [horizon(scenes, made, moves=moves).sums.sum(axis=0) for moves in (True, False)]
    error, pixels = parts[0] + parts[1]
    assert pixels == pytest.approx(2 * (FRAMES - OBSERVED))
    late = [
        (m[OBSERVED:] / 255.0, c.frames[OBSERVED:] / 255.0)
        for m, c in zip(made, scenes, strict=True)
    ]
    assert error / pixels == pytest.approx(np.mean([np.square(m - c) for m, c in late]), rel=1e-5)


def test_the_real_clip_is_square_and_moves() -> None:
    clip = real_clip().frames
    assert clip.shape == (FRAMES, SIDE, SIDE, 3)
    assert np.abs(np.diff(clip.astype(int), axis=0)).mean() > 0.1


def test_shares_are_written_with_their_interval() -> None:
    assert in_words(-0.234, None) == "−23%"
    assert in_words(0.1, (-0.05, 0.25)) == ('+10% <small class="interval">(−5% to +25%)</small>')
