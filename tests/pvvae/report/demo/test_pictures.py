"""The README's pictures: they move, and are small."""

from pathlib import Path

from PIL import Image, ImageSequence

from pvvae.box import open_box
from pvvae.report.demo.cast import cast_of
from pvvae.report.demo.clips import FRAMES
from pvvae.report.demo.pictures import MOST_BYTES, NAMES, PAUSE, write_pictures
from tests.small_box import small_box


def test_every_picture_moves_from_the_first_frame_to_the_last_and_is_small(tmp_path: Path) -> None:
    box = open_box(small_box(tmp_path / "box"))
    paths = list(write_pictures(cast_of(box), tmp_path / "pictures"))
    assert [path.name for path in paths] == list(NAMES)
    for path in paths:
        assert path.stat().st_size <= MOST_BYTES
        with Image.open(path) as picture:
            assert picture.format == "WEBP"
            frames = sum(1 for _ in ImageSequence.Iterator(picture))
            assert FRAMES <= frames <= FRAMES + PAUSE
