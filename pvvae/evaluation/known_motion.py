"""Clips whose motion is known, because they were drawn: scenes that nothing was trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.extrapolation import extrapolated, moving
from pvvae.data.scenes.pictures import Pictures
from pvvae.data.video.video import Frames


@dataclass(frozen=True)
class Clip:
    """A clip, and of a scene also what is true of it."""

    title: str
    frames: Frames
    """(T, H, W, 3)."""
    moving: NDArray[np.bool_] | None = None
    """(T, H, W) what a scene's pixels show moves."""
    extrapolated: Frames | None = None
    """A scene's frames, where after the observed ones everything kept its velocity."""


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
    frames = scene.render()
    return Clip(
        title=f"scene: {scene.kind}",
        frames=frames,
        moving=moving(scene),
        extrapolated=extrapolated(frames, scene, observed=observed),
    )
