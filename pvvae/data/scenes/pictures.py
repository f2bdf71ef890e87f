"""Photographs that scenes are made of: those that installed packages ship, or a folder's."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pvvae.data.packing.packaged_files import PackagedFile
from pvvae.data.packing.sample_videos import BUNNY, CARPHONE, CITY
from pvvae.data.packing.tree import tree_of
from pvvae.data.video.video import IMAGE_SUFFIXES, Frames, iterate_video, read_image
from pvvae.errors import ConfigError


def _scikit_image(name: str, sha256: str) -> PackagedFile:
    return PackagedFile(
        name=name,
        package="scikit-image",
        version="0.26.0",
        file=f"skimage/data/{name}.png",
        sha256=sha256,
        licence="public domain or CC0 (the package's data/README.txt)",
    )


# PNG alone: decoders of JPEG differ in the last bit.
PHOTOGRAPHS = (
    _scikit_image("astronaut", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
    _scikit_image("chelsea", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
    _scikit_image("coffee", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
    _scikit_image(
        "motorcycle_left", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"
    ),
    _scikit_image("brick", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"),
    _scikit_image("grass", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89"),
    _scikit_image("gravel", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"),
)
FRAMES = ((BUNNY, 0), (BUNNY, 100), (CARPHONE, 0), (CITY, 0), (CITY, 150))
"""Frames of videos. None of bikes, which the quickstart holds out."""


@dataclass(frozen=True)
class Pictures:
    """Photographs (H, W, 3), in an order that scenes depend on."""

    images: tuple[Frames, ...]
    digest: str
    """Digest of the pixels of all images."""

    @classmethod
    def of(cls, images: Iterable[Frames]) -> "Pictures":
        """Pictures with their digest."""
        images = tuple(images)
        digest = hashlib.sha256()
        for image in images:
            digest.update(str(image.shape).encode() + np.ascontiguousarray(image).data)
        return cls(images, digest.hexdigest())

    def square(
        self, which: float, *, part: float, place: Sequence[float], side: int
    ) -> NDArray[np.float32]:
        """A square part of one of them as texels (side, side, 3), from 0 to 255.

        Args:
            which: the picture, from 0 to 1 through all of them.
            part: side of the square, relative to the picture's shorter one.
            place: (x, y), from 0, the left or upper edge, to 1.
            side: texels.
        """
        image = self.images[int(which * len(self.images))]
        rows, columns = image.shape[:2]
        edge = part * min(rows, columns)
        left, top = place[0] * (columns - edge), place[1] * (rows - edge)
        box = (left, top, left + edge, top + edge)
        small = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC, box=box)
        return np.asarray(small, np.float32)


@cache
def packaged_pictures() -> Pictures:
    """Photographs and frames of installed packages, without network.

    Raises:
        ConfigError: if a package is missing; the message is the pip command.
    """
    images = [read_image(photograph.path()) for photograph in PHOTOGRAPHS]
    images += [next(iterate_video(video.path(), start=frame)) for video, frame in FRAMES]
    return Pictures.of(images)


def pictures_in(folder: Path) -> Pictures:
    """All images below a folder, by name.

    Raises:
        ConfigError: if there is none, or one cannot be read.
    """
    paths = tree_of(folder, suffixes=IMAGE_SUFFIXES).paths
    if not paths:
        raise ConfigError(f"{folder}: no images in it; known: {' '.join(sorted(IMAGE_SUFFIXES))}")
    return Pictures.of(read_image(path) for path in paths)
