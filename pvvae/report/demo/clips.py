"""What a demonstration looks at: scenes that were not learned, and a real clip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.data.packing.sample_videos import BIKES
from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.extrapolation import extrapolated, moving
from pvvae.data.video.frames import crop_resize
from pvvae.data.video.video import Frames, iterate_video

FRAMES, SIDE, OBSERVED = 17, 64, 9
"""The box's: clips of five groups, of which a prediction sees three (Figure 6: about half)."""
SCENES = SceneSettings(height=SIDE, width=SIDE, frames=FRAMES, texel=4.0, speed=1.2)
"""Settings of the box's held-out set (``tools/box_data.py``)."""
SEED = 3000
"""Seed of the held-out scenes, which nothing was trained on or chosen by."""


@dataclass(frozen=True)
class DemoClip:
    """A clip, and of a scene also what is true of it."""

    title: str
    frames: Frames
    """(T, H, W, 3)."""
    moving: NDArray[np.bool_] | None = None
    """(T, H, W) what a scene's pixels show moves."""
    extrapolated: Frames | None = None
    """A scene's frames, where after the observed ones everything kept its velocity."""


def held_out_scenes(count: int) -> list[DemoClip]:
    """The first scenes of the held-out set, all kinds of motion in turn.

    Raises:
        ConfigError: if a package whose pictures they are made of is missing.
    """
    pictures = packaged_pictures()
    clips = []
    for index in range(count):
        scene = draw_scene(SCENES, seed=SEED, index=index, pictures=pictures)
        frames = scene.render()
        clips.append(
            DemoClip(
                title=f"scene: {scene.kind}",
                frames=frames,
                moving=moving(scene),
                extrapolated=extrapolated(frames, scene, observed=OBSERVED),
            )
        )
    return clips


def real_clip() -> DemoClip:
    """The beginning of the packaged video that nothing was trained on.

    Raises:
        ConfigError: if its package is missing.
    """
    video = iterate_video(BIKES.path())
    whole = np.stack([next(video) for _ in range(FRAMES)])
    height, width = whole.shape[1:3]
    edge = min(height, width)
    left, top = (width - edge) / 2, (height - edge) / 2
    box = (left, top, left + edge, top + edge)
    return DemoClip("real video", crop_resize(whole, box=box, height=SIDE, width=SIDE))
