"""A scene drawn: its background and its sprites, with the motion of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvvae import seeding
from pvvae.data.scenes.layer import (
    Layer,
    Path,
    Points,
    Values,
    course,
    heading,
    plane,
    reflected,
    sense,
    sum_up,
    surging,
)
from pvvae.data.scenes.pictures import Pictures
from pvvae.data.scenes.settings import SceneSettings
from pvvae.data.video.video import Frames

# All of these are ours, in units of the shorter side and of frames.
SLIDE = (0.015, 0.045)
"""A sprite's speed: 1 to 3 pixels of 64."""
PAN = (0.01, 0.03)
"""The camera's."""
SPIN = (0.01, 0.03)
"""Turns of a frame: one in 33 to 100 frames."""
SLOWED = 1 / 3
"""What turns, slides slower by this factor, so that the turning is what one sees."""
SWELL = 0.3
"""The most by which a zoom enlarges, as a logarithm: 1.35 times, or as much smaller."""
SWELLING = (0.01, 0.03)
"""How often in a frame a zoom goes from there to there and back."""
RADIUS = (0.12, 0.22)
"""A sprite's, in the mean over its outline."""
BULGES = (2, 3, 4, 5)
"""Waves in the outline of a sprite."""
BULGE = 0.12
"""The most that one of them adds to the radius; four together leave it positive."""
ARENA = 0.4
"""How far from the middle of the frame a sprite's may be."""
GROUND = 1.5
"""Side of the background before it is seen again, mirrored."""
TINT = (0.6, 1.4)
"""Factors on a sprite's colours, so that it is told from the background of the same picture."""


@dataclass(frozen=True)
class Scene:
    """One scene; ``layers`` from the background to the foremost sprite."""

    settings: SceneSettings
    kind: str
    layers: tuple[Layer, ...]

    @property
    def grid(self) -> Points:
        """(H, W) the middles of all pixels."""
        s = self.settings
        x, y = (
            (np.arange(side, dtype=np.float64) + 0.5 - side / 2) / s.short_side
            for side in (s.width, s.height)
        )
        return plane(x, y[:, None])

    def render(self) -> Frames:
        """All frames (T, H, W, 3)."""
        grid = self.grid
        return np.stack([self._frame(grid, t) for t in range(self.settings.frames)])

    def _frame(self, grid: Points, t: int) -> Frames:
        canvas = self.layers[0].colour(grid, t)[..., :3]
        for sprite in self.layers[1:]:
            where = self._box(sprite, t)
            colour, behind = sprite.colour(grid[where], t), canvas[where]
            behind += colour[..., 3:] * (colour[..., :3] - behind)
        return np.rint(canvas).astype(np.uint8)

    def _box(self, sprite: Layer, t: int) -> tuple[slice, slice]:
        """Rows and columns of the pixels that a sprite can touch."""
        s, reach = self.settings, sprite.reach(t)
        middle = complex(sprite.shift[t])
        sides = ((middle.imag, s.height), (middle.real, s.width))
        low, high = (
            [
                min(max(int((at + edge) * s.short_side + size / 2 + extra), 0), size)
                for at, size in sides
            ]
            for edge, extra in ((-reach, 0), (reach, 1))
        )
        return slice(low[0], high[0]), slice(low[1], high[1])


def draw_scene(settings: SceneSettings, *, seed: int, index: int, pictures: Pictures) -> Scene:
    """Scene ``index`` of ``seed``.

    Kinds take turns, so that each has its share of any set. Every thing is drawn by a generator of
    its own: neither size nor length nor the number of other things changes it.
    """
    kind = settings.kinds[index % len(settings.kinds)]
    drawing = _Drawing(settings, kind, seed, index, pictures)
    ground, camera = drawing.background()
    sprites = (drawing.sprite(number, camera) for number in range(settings.sprites))
    return Scene(settings, kind, (ground, *sprites))


@dataclass(frozen=True)
class _Camera:
    """Where it looks, and how much it enlarges, in every frame."""

    centre: Path
    zoom: Values


@dataclass(frozen=True)
class _Drawing:
    """All that is drawn for one scene."""

    settings: SceneSettings
    kind: str
    seed: int
    index: int
    pictures: Pictures

    def background(self) -> tuple[Layer, _Camera]:
        """The layer behind all others, and the camera, whose motion is all it has."""
        which, part, x, y, pan, swelling, phase = self._numbers("background", 7)
        centre = np.zeros(self.settings.frames, np.complex128)
        zoom = np.ones(self.settings.frames)
        if self.kind == "pan":
            centre = sum_up(_between(PAN, pan) * heading(self._course("pan")) * self.settings.speed)
        if self.kind == "zoom":
            steps = _between(SWELLING, swelling) * sense(self._course("zoom"))
            zoom = np.exp(SWELL * np.sin(2 * np.pi * (phase + sum_up(steps * self.settings.speed))))
        side = max(round(GROUND * self.settings.short_side / self.settings.texel), 2)
        picture = self.pictures.square(which, part=0.6 + 0.4 * part, place=(x, y), side=side)
        texels = np.concatenate([picture, np.ones((side, side, 1), np.float32)], axis=2)
        turn = zoom.astype(np.complex128)
        ground = Layer(texels, GROUND / side, -turn * centre, turn, endless=True)
        return ground, _Camera(centre, zoom)

    def sprite(self, number: int, camera: _Camera) -> Layer:
        """One cut-out."""
        x, y, angle, phase, pace, spin = self._numbers(f"sprite {number}", 6)
        frames, speed = self.settings.frames, self.settings.speed
        clock = surging(2 * np.pi * phase, frames=frames)
        time = np.diff(clock if self.kind == "accelerate" else np.arange(frames))
        slide = _between(SLIDE, pace) * (SLOWED if self.kind == "rotate" else 1.0) * speed
        moved = sum_up(slide * time * heading(self._course(f"slide {number}")))
        turned = np.full(frames, angle)
        if self.kind == "rotate":
            steps = _between(SPIN, spin) * speed * sense(self._course(f"spin {number}"))
            turned = turned + sum_up(steps)
        start = ARENA * complex(2 * x - 1, 2 * y - 1)
        place = reflected(start + moved - camera.centre, half=ARENA)
        still = self._cut_out(number)
        return replace(still, shift=camera.zoom * place, turn=camera.zoom * heading(turned))

    def _cut_out(self, number: int) -> Layer:
        """A sprite's picture and outline, without motion."""
        which, part, x, y, size, *others = self._numbers(f"picture {number}", 8 + 2 * len(BULGES))
        tint, waves = others[:3], others[3:]
        radius = _between(RADIUS, size)
        most = radius * (1 + BULGE * len(BULGES))
        side = max(round(2 * most * self.settings.short_side / self.settings.texel), 2)
        pitch = 2 * most / side
        picture = self.pictures.square(which, part=0.3 + 0.4 * part, place=(x, y), side=side)
        picture = (picture * [_between(TINT, t) for t in tint]).clip(0, 255)
        picture = np.pad(picture, ((2, 2), (2, 2), (0, 0)), mode="edge")  # room for the soft edge
        inside = _inside(len(picture), pitch=pitch, radius=radius, waves=waves)
        texels = np.concatenate([picture, inside[..., None]], axis=2).astype(np.float32)
        nowhere = np.zeros(0, np.complex128)
        return Layer(texels, pitch, nowhere, nowhere)

    def _numbers(self, what: str, count: int) -> list[float]:
        """``count`` numbers in [0, 1), drawn for ``what``."""
        generator = seeding.numpy_generator(self.seed, "scene", self.index, what)
        numbers: list[float] = generator.random(count).tolist()
        return numbers

    def _course(self, what: str) -> Values:
        s = self.settings
        parts = (self.seed, "scene", self.index, "course", what)
        return course(*parts, intervals=s.frames - 1, predictability=s.predictability)


def _between(bounds: tuple[float, float], u: float) -> float:
    return bounds[0] + u * (bounds[1] - bounds[0])


def _inside(side: int, *, pitch: float, radius: float, waves: Sequence[float]) -> Values:
    """(side, side) opacity of a round shape with bulges, soft over one texel at its edge."""
    at = (np.arange(side) - (side - 1) / 2) * pitch
    x, y = at, at[:, None]
    angle, edge = np.arctan2(y, x), 1.0
    for i, bulges in enumerate(BULGES):
        edge = edge + BULGE * waves[2 * i] * np.cos(bulges * angle + 2 * np.pi * waves[2 * i + 1])
    inside: Values = (0.5 + (radius * edge - np.hypot(x, y)) / pitch).clip(0, 1)
    return inside
