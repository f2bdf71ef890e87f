"""Videos and images, bytes of which are flipped, cut, spliced or lost."""

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image

from pvvae.data.video.video import probe, read_image, read_video, write_video
from tools.fuzz.mutation import wrong_bytes
from tools.fuzz.trial import Read

CONTAINERS = ("mp4", "mkv", "mov", "avi")
FORMATS = ("png", "jpeg", "webp", "bmp", "gif", "tiff", "avif")
MODES = ("RGB", "L", "RGBA", "P", "CMYK", "I;16", "1")


class Videos:
    """Short clips in several containers, read as files or as bytes."""

    def __init__(self, folder: Path) -> None:
        """Write one clip in each container."""
        self._folder = folder
        generator = np.random.default_rng(0)
        frames = list(generator.integers(0, 256, (8, 32, 32, 3), np.uint8))
        self._whole: dict[str, bytes] = {}
        for container in CONTAINERS:
            path = folder / f"whole.{container}"
            write_video(path, frames, fps=8)
            self._whole[container] = path.read_bytes()

    def make(self, draw: random.Random, number: int) -> Read:
        """One clip, spoilt."""
        container = draw.choice(list(self._whole))
        data = wrong_bytes(draw, self._whole[container])
        path = self._folder / f"clip.{draw.choice(CONTAINERS)}"
        path.write_bytes(data)
        source = path if draw.random() < 0.5 else data
        return lambda: (probe(source), read_video(source))


class Images:
    """Small pictures of many formats and modes."""

    def __init__(self, folder: Path) -> None:
        """Encode a picture in every format that has its mode."""
        self._folder = folder
        pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
        self._whole: list[tuple[str, bytes]] = []
        for mode in MODES:
            for form in FORMATS:
                file = io.BytesIO()
                try:
                    Image.fromarray(pixels).convert("L" if mode == "I;16" else mode).convert(
                        mode
                    ).save(file, form)
                except (OSError, ValueError):
                    continue  # a format without this mode
                self._whole.append((form, file.getvalue()))

    def make(self, draw: random.Random, number: int) -> Read:
        """One picture, spoilt."""
        form, whole = draw.choice(self._whole)
        data = wrong_bytes(draw, whole)
        path = self._folder / f"picture.{form}"
        path.write_bytes(data)
        source = path if draw.random() < 0.5 else data
        return lambda: read_image(source)
