"""Clips whose motion is known, because they were drawn: scenes that nothing was trained on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pvvae.data.scenes import Scene, SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.extrapolation import extrapolated, moving
from pvvae.data.scenes.pictures import Pictures
from pvvae.data.video.video import Frames


@dataclass(frozen=True)
class Clip:
    """A clip, of which the beginning is observed."""

    title: str
    frames: Frames
    """(T, H, W, 3)."""
    observed: int
    """Frames that an encoder is shown where the rest is foretold."""
    scene: Scene | None = None
    """What was drawn; None of a real clip."""

    @cached_property
    def moving(self) -> NDArray[np.bool_]:
        """(T, H, W) what a scene's pixels show moves."""
        assert self.scene is not None
        return moving(self.scene)

    @cached_property
    def extrapolated(self) -> Frames:
        """A scene's frames, where after the observed ones everything kept its velocity."""
        assert self.scene is not None
        return extrapolated(self.frames, self.scene, observed=self.observed)


def scene_clip(
    settings: SceneSettings,
    *,
    seed: int,
    index: int,
    observed: int,
    pictures: Pictures | None = None,
) -> Clip:
    """Scene ``index`` of ``seed``, all kinds of motion in turn, of which a few frames are observed.

    Raises:
        ConfigError: if a package whose pictures it is made of is missing.
    """
    scene = draw_scene(settings, seed=seed, index=index, pictures=pictures or packaged_pictures())
    return Clip(f"scene: {scene.kind}", scene.render(), observed, scene)
