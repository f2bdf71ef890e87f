"""MPI-Sintel's training films, whose optical flow is known (Butler et al. 2012).

In its folder ``training`` lie ``clean/SCENE/frame_0001.png`` and on, ``final`` likewise, and in
``flow/SCENE/frame_0001.flo`` the way of every pixel of that frame to the next one.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from einops import rearrange
from numpy.typing import NDArray
from PIL import Image

from pvvae import seeding
from pvvae.data.evaluation.candidates import Candidates, Choose
from pvvae.data.packing.clip_files import iterate_clip
from pvvae.data.packing.sources import Source, frame_files
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.metrics.endpoint_error import read_flo

PASSES = ("clean", "final")
"""Two renderings of the same motion."""
TRAINING, FLOW = "training", "flow"
TESTED = 5
"""One scene in this many is tested on where one folder is learned from too. Ours: no test set has
public flow."""
ABOUT = (
    "Sintel's own, occluded pixels too; box-filtered and scaled with the frames, in pixels of the "
    "clip"
)

Part = Literal["learned", "tested"]
"""Which scenes of a folder that is split by scenes."""


def sintel_folder(where: Path) -> Path | None:
    """The folder with ``flow`` and a rendering in it: ``where``, or ``training`` in it, or none."""
    for folder in (where, where / TRAINING):
        if (folder / FLOW).is_dir() and any((folder / name).is_dir() for name in PASSES):
            return folder
    return None


class SintelClips(Candidates):
    """Clips of all scenes, in both renderings, one after the other; no two share a pair of frames.

    A scene's remaining frames, too few for a clip, are left out.
    """

    def __init__(self, folder: Path, *, frames: int, part: Part | None = None) -> None:
        """Find the scenes and see that all of their flow is there.

        Args:
            folder: as :func:`sintel_folder` gives it.
            frames: of a clip.
            part: keep these scenes alone; None is all.

        Raises:
            ConfigError: naming what is missing, or if no scene is long enough.
        """
        self._folder, self._length = folder, frames
        found: dict[str, tuple[str, int, int]] = {}
        for name in PASSES:
            for scene in _scenes(folder, name, part):
                images = self._images(name, scene)
                _check_flow(folder, scene, images)
                starts = range(0, len(images) - frames + 1, frames - 1)
                found |= {f"{name}/{scene}@{k}": (scene, k, n) for n, k in enumerate(starts)}
        if not found:
            raise ConfigError(f"{folder}: no scene of Sintel has {frames} frames")
        self.ids, self.resized = list(found), False
        self.sources = [scene for scene, _, _ in found.values()]
        self._starts = [start for _, start, _ in found.values()]
        self.rounds = [turn for _, _, turn in found.values()]
        self.classes, self.labels = (), [0] * len(found)

    def frames(
        self, i: int, *, frames: int, stride: int, choose: Choose | None
    ) -> Iterator[Frames]:
        """See :class:`Candidates`; a clip has its own first frame."""
        folder = self._folder / self.ids[i].partition("@")[0]
        source = Source(path=folder, name=self.ids[i])
        yield from islice(iterate_clip(source, start=self._starts[i], stride=stride), frames)

    def flow(self, clip: str, *, height: int, width: int) -> NDArray[np.float32]:
        """(T - 1, H, W, 2) of the clip of that id, as its frames are resized and cropped.

        Raises:
            ConfigError: if a file is damaged, or of another size than its frame.
        """
        place = self.ids.index(clip)
        name, scene = clip.partition("@")[0].split("/")
        start, found = self._starts[place], []
        for image in self._images(name, scene)[start : start + self._length - 1]:
            path = _flow_file(self._folder, scene, image)
            flow = read_flo(path)
            with Image.open(image) as frame:
                if flow.shape[:2] != (frame.height, frame.width):
                    raise ConfigError(
                        f"{path}: is of {flow.shape[0]} x {flow.shape[1]} pixels, and its frame of "
                        f"{frame.height} x {frame.width}"
                    )
            found.append(flow_to_cover(flow, height=height, width=width))
        return np.stack(found)

    def _images(self, name: str, scene: str) -> list[Path]:
        folder = self._folder / name / scene
        return list(frame_files(Source(path=folder, name=f"{name}/{scene}")))


def flow_to_cover(flow: NDArray[np.float32], *, height: int, width: int) -> NDArray[np.float32]:
    """Flow (H, W, 2) at the least size that covers (height, width), cropped to its centre.

    Sizes are those that frames get. A pixel moves by the mean of the pixels that it covers.
    """
    rows, columns = flow.shape[:2]
    scale = max(height / rows, width / columns)
    size = (max(round(columns * scale), width), max(round(rows * scale), height))
    if size != (columns, rows):
        parts = [
            np.asarray(Image.fromarray(flow[..., axis]).resize(size, Image.Resampling.BOX))
            * (size[axis] / (columns, rows)[axis])
            for axis in range(2)
        ]
        flow = rearrange(np.stack(parts), "c h w -> h w c").astype(np.float32)
    top, left = round((size[1] - height) / 2), round((size[0] - width) / 2)
    return flow[top : top + height, left : left + width]


def _scenes(folder: Path, name: str, part: Part | None) -> list[str]:
    """Names of a rendering's scenes, or of a part of them: the same for both renderings."""
    there = {path.name for path in (folder / FLOW).iterdir() if path.is_dir()}
    order = sorted(there, key=lambda scene: seeding.key("sintel", scene))
    tested = set(order[: max(1, round(len(order) / TESTED))])
    wanted = {None: there, "tested": tested, "learned": there - tested}[part]
    return sorted(scene for scene in wanted if (folder / name / scene).is_dir())


def _check_flow(folder: Path, scene: str, images: list[Path]) -> None:
    for image in images[:-1]:
        path = _flow_file(folder, scene, image)
        if not path.is_file():
            raise ConfigError(f"{path}: is missing; it has the flow of {image}")


def _flow_file(folder: Path, scene: str, image: Path) -> Path:
    return folder / FLOW / scene / f"{image.stem}.flo"
