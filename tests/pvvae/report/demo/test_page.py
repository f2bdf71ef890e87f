"""The demonstration's page: it grows part by part, and says what is measured."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.box import open_box
from pvvae.errors import ConfigError
from pvvae.report.demo.cast import cast_after, cast_of
from pvvae.report.demo.clips import FRAMES, SIDE, real_clips
from pvvae.report.demo.page import demonstrate
from pvvae.report.demo.verdicts import in_words
from tests.pvvae.report.demo.trained_on import trained_on
from tests.small_box import small_box


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("demo") / "box")


def test_the_page_grows_part_by_part(box: Path, tmp_path: Path) -> None:
    path = tmp_path / "demo/index.html"
    sizes, heads = [], []
    for head in demonstrate(cast_of(open_box(box)), path, measured=4, real=4):
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
        "Samples, CNN",
    ]
    assert sizes == sorted(sizes)
    assert "Transformer, twin" in html
    assert html.count('class="headline') == 2
    assert html.count("<video") == 3 * 6 + 2 * 10


def test_what_was_trained_on_stands_beside_what_it_was(box: Path, tmp_path: Path) -> None:
    cast = cast_after(open_box(box), trained_on(box, tmp_path / "runs"))
    heads = list(
        demonstrate(cast, tmp_path / "index.html", measured=4, real=4, more="runs/index.html")
    )
    assert heads == [
        "Reconstructions, Transformer",
        "Predicted futures, Transformer",
        "How far the future is foretold",
        "Latents as colours",
        "Samples, Transformer, before",
        "Samples, Transformer, after",
    ]
    html = (tmp_path / "index.html").read_text()
    assert '<a href="runs/index.html">' in html
    assert "<h3>Transformer, after</h3>" in html


def test_where_nothing_was_trained_on_one_line_says_what_would_be_shown(
    box: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=r"nothing of the box was trained on there: no .*/vit/pre"
    ):
        cast_after(open_box(box), tmp_path)


def test_real_clips_are_square_and_move_and_none_is_cut() -> None:
    clips = real_clips(20)
    assert len(clips) == 11  # as many as `pvvae data sample-videos` holds out
    for clip in clips:
        assert clip.frames.shape == (FRAMES, SIDE, SIDE, 3)
        changes = np.abs(np.diff(clip.frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
        assert changes.mean() > 0.1
        assert changes.max() < 40


def test_shares_are_written_with_their_interval() -> None:
    assert in_words(-0.234, None) == "−23%"
    assert in_words(0.1, (-0.05, 0.25)) == ('+10% <small class="interval">(−5% to +25%)</small>')
