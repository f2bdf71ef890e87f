"""Small real files, made with the same libraries that people make theirs with."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

MakeVideo = Callable[..., Path]


@pytest.fixture
def make_video() -> MakeVideo:
    """Writes a moving pattern; equal arguments write equal files."""

    def make(
        path: Path, *, frames: int = 40, size: tuple[int, int] = (48, 64), codec: str = "libx264"
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(len(path.name)).integers(0, 255, (size[0], size[1], 3))
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
            for i in range(frames):
                picture = np.roll(noise, i, axis=1).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def dataset(tmp_path: Path, make_video: MakeVideo) -> Path:
    """Two classes of two videos each: 2 + 2 and 1 + 1 clips of 17 frames at short side 32."""
    for name, frames in (("cats/a", 40), ("cats/b", 34), ("dogs/c", 20), ("dogs/d", 17)):
        make_video(tmp_path / "videos" / f"{name}.mp4", frames=frames)
    return tmp_path / "videos"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A picture of 48 x 64."""
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"
