"""What is true of a scene, by its formulas: flow, occlusion, and where points go."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae import seeding
from pvvae.data.scenes.layer import Points, plane
from pvvae.data.scenes.scene import Scene

NUM_TRACKS = 256
"""Points followed; as many as TAP-Vid's queries in a video (Doersch et al. 2022, appendix)."""


@dataclass(frozen=True)
class Truth:
    """Coordinates are pixels: x to the right, y downwards, integers in the middle of a pixel."""

    flow: NDArray[np.float32]
    """(T - 1, H, W, 2) x and y that what a pixel shows moves by until the next frame."""
    occluded: NDArray[np.bool_]
    """(T - 1, H, W) whether it is then behind something else, or outside the frame."""
    owner: NDArray[np.uint8]
    """(T, H, W) what a pixel shows: 0 the background, then the sprites from behind."""
    tracks: NDArray[np.float32]
    """(T, N, 2) where points of the first frame are."""
    visible: NDArray[np.bool_]
    """(T, N) whether they can be seen."""

    def to_bytes(self) -> bytes:
        """Bytes of a ``.npz`` whose arrays have the names of these fields."""
        file = io.BytesIO()
        np.savez(
            file,
            flow=self.flow,
            occluded=self.occluded,
            owner=self.owner,
            tracks=self.tracks,
            visible=self.visible,
        )
        return file.getvalue()


def truth_of(scene: Scene, *, seed: int, index: int, num_tracks: int = NUM_TRACKS) -> Truth:
    """All of a scene; ``seed`` and ``index`` draw the points that are followed."""
    frames, grid = scene.settings.frames, scene.grid
    owner = np.stack([foremost(scene, grid, t) for t in range(frames)])
    flow = np.empty((frames - 1, *grid.shape, 2), np.float32)
    occluded = np.empty((frames - 1, *grid.shape), np.bool_)
    for t in range(frames - 1):
        moved = _moved(scene, grid, owner[t], t, t + 1)
        flow[t] = _pairs((moved - grid) * scene.settings.short_side)
        occluded[t] = ~_seen(scene, moved, owner[t], t + 1)
    start = _queries(scene, seed=seed, index=index, count=num_tracks)
    mine = foremost(scene, start, 0)
    paths = np.stack([_moved(scene, start, mine, 0, t) for t in range(frames)])
    return Truth(
        flow=flow,
        occluded=occluded,
        owner=owner,
        tracks=_pairs(pixels(scene, paths)).astype(np.float32),
        visible=np.stack([_seen(scene, path, mine, t) for t, path in enumerate(paths)]),
    )


def foremost(scene: Scene, points: Points, t: int) -> NDArray[np.uint8]:
    """Number of the layer that is seen at each of ``points`` in frame ``t``."""
    owner = np.zeros(points.shape, np.uint8)
    for number, sprite in enumerate(scene.layers[1:], start=1):
        owner[sprite.covers(points, t)] = number
    return owner


def pixels(scene: Scene, points: Points) -> Points:
    """Points of the screen in pixels, as x + iy."""
    s = scene.settings
    return points * s.short_side + complex(s.width - 1, s.height - 1) / 2


def _moved(scene: Scene, points: Points, owner: NDArray[np.uint8], t: int, later: int) -> Points:
    moved = np.empty_like(points)
    for number, layer in enumerate(scene.layers):
        mine = owner == number
        moved[mine] = layer.move(points[mine], t, later)
    return moved


def _seen(scene: Scene, points: Points, owner: NDArray[np.uint8], t: int) -> NDArray[np.bool_]:
    """Whether the points of these layers are in the frame and before all others."""
    s = scene.settings
    inside: NDArray[np.bool_] = np.abs(points.real) * 2 * s.short_side <= s.width
    inside &= np.abs(points.imag) * 2 * s.short_side <= s.height
    inside &= foremost(scene, points, t) == owner
    return inside


def _queries(scene: Scene, *, seed: int, index: int, count: int) -> Points:
    """(count,) points anywhere in the frame."""
    s = scene.settings
    places = seeding.numpy_generator(seed, "scene", index, "tracks").random((count, 2)) - 0.5
    return plane(places[:, 0] * s.width, places[:, 1] * s.height) / s.short_side


def _pairs(points: Points) -> NDArray[np.float64]:
    return np.stack([points.real, points.imag], axis=-1)
