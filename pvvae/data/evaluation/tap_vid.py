"""TAP-Vid-DAVIS: thirty films with points that people have followed (arXiv 2211.03726).

``tapvid_davis.pkl`` is a dictionary by name of ``video`` uint8 (T, H, W, 3), ``points`` (N, T, 2) x
and y as shares of width and height, and ``occluded`` bool (N, T).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pvvae.data.evaluation.candidates import Candidates, Choose
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.metrics.array_pickle import ArrayUnpickler

SUFFIX = ".pkl"
RESIZED = "whole frames to size, their aspect lost (TAP-Vid's raster), Pillow's bicubic, uint8"
FORM = (
    "of TAP-Vid are video uint8 (T, H, W, 3), points (N, T, 2) in [0, 1] and occluded bool (N, T)"
)


class TapVidClips(Candidates):
    """The beginning of each film, with its points."""

    def __init__(self, path: Path, *, height: int, width: int) -> None:
        """Read the file; all of its films are in memory.

        Args:
            path: of the pickle, which is read without running anything in it.
            height: of clips.
            width: of clips.

        Raises:
            ConfigError: if it is no such file.
        """
        self._films = _read(path)
        self._size = (width, height)
        self.ids = self.sources = sorted(self._films)
        self.classes, self.labels = (), [0] * len(self.ids)
        self.resized, self.rounds = True, [0] * len(self.ids)

    def frames(
        self, i: int, *, frames: int, stride: int, choose: Choose | None
    ) -> Iterator[Frames]:
        """See :class:`Candidates`; whole frames, squeezed to the size of the clips."""
        video = self._films[self.ids[i]]["video"][::stride]
        if len(video) < frames:
            raise ConfigError(f"{self.ids[i]}: has {len(video)} frames, {frames} are needed")
        for frame in islice(video, frames):
            image = Image.fromarray(frame)
            yield np.asarray(image.resize(self._size, Image.Resampling.BICUBIC))

    def tracks(self, clip: str, *, frames: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(N, T, 2) x and y in pixels, 0 the centre of the first one, and (N, T) what is seen."""
        film = self._films[clip]
        tracks = film["points"][:, :frames].astype(np.float64) * self._size - 0.5
        return tracks, ~film["occluded"][:, :frames]


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        with path.open("rb") as stream:
            films = ArrayUnpickler(stream, what=f"{path}: clips").load()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except ConfigError:
        raise
    except Exception as error:  # a damaged pickle raises what it likes
        raise ConfigError(f"{path}: not a pickle, or a damaged one ({error})") from None
    if not isinstance(films, dict) or not films:
        raise ConfigError(f"{path}: has no clips by name; those {FORM}")
    for name, film in films.items():
        if not (isinstance(name, str) and isinstance(film, dict) and _is_film(film)):
            raise ConfigError(f"{path}: {name!r} is no clip; those {FORM}")
    return films


def _is_film(film: Mapping[Any, Any]) -> bool:
    video, points, occluded = (film.get(name) for name in ("video", "points", "occluded"))
    if not all(isinstance(array, np.ndarray) for array in (video, points, occluded)):
        return False
    assert isinstance(video, np.ndarray) and isinstance(points, np.ndarray)
    assert isinstance(occluded, np.ndarray)
    return (
        video.dtype == np.uint8
        and video.ndim == 4
        and video.shape[-1] == 3
        and occluded.dtype == np.bool_
        and occluded.ndim == 2
        and occluded.shape[1] == len(video)
        and points.shape == (*occluded.shape, 2)
        and np.issubdtype(points.dtype, np.floating)
    )
