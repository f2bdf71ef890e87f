from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from pvvae.data.video.video import read_video
from pvvae.data.video.writers import WRITERS
from pvvae.errors import ConfigError
from tests.toy_clips import moving_pattern

CLIP = moving_pattern(0, frames=5, size=50)[:, :32, :48]


def test_pictures_lose_nothing(tmp_path: Path) -> None:
    WRITERS["frames"](tmp_path / "a", CLIP)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [f"{i:04d}.png" for i in range(5)]
    read = [np.asarray(Image.open(tmp_path / "a" / name)) for name in names]
    assert np.array_equal(np.stack(read), CLIP)


def test_an_animation_shows_every_frame_without_end(tmp_path: Path) -> None:
    WRITERS["gif"](tmp_path / "a.b", CLIP)
    with Image.open(tmp_path / "a.b.gif") as image:
        assert image.info["loop"] == 0
        frames = [np.asarray(f.convert("RGB")).astype(int) for f in ImageSequence.Iterator(image)]
        assert image.info["duration"] == 120  # 8 a second, in the hundredths that a GIF counts
    assert len(frames) == 5
    assert np.abs(np.stack(frames) - CLIP).mean() < 4  # of 256


def test_a_video_has_every_frame(tmp_path: Path) -> None:
    WRITERS["mp4"](tmp_path / "000001_cats", CLIP)
    assert read_video(tmp_path / "000001_cats.mp4").shape == CLIP.shape


@pytest.mark.parametrize("name", list(WRITERS))
def test_what_cannot_be_written_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        WRITERS[name](tmp_path / "file" / "a", CLIP)
