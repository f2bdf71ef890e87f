"""What a demonstration looks at: scenes and real clips that the box's networks did not learn."""

from itertools import islice, pairwise

import numpy as np

from pvvae.data.packing.sample_videos import BIKES
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.video.frames import crop_resize, hard_cuts
from pvvae.data.video.video import Frames, iterate_video
from pvvae.evaluation.known_motion import Clip, scene_clip

FRAMES, SIDE, OBSERVED = 17, 64, 9
"""The box's: clips of five groups, of which a prediction sees three (Figure 6: about half)."""
SCENES = SceneSettings(height=SIDE, width=SIDE, frames=FRAMES, texel=4.0, speed=1.2)
"""Settings of the box's held-out set (``tools/box_data.py``)."""
SEED = 3000
"""Seed of the held-out scenes, which nothing was trained on or chosen by."""


def held_out_scenes(count: int) -> list[Clip]:
    """The first scenes of the held-out set, all kinds of motion in turn.

    Raises:
        ConfigError: if a package whose pictures they are made of is missing.
    """
    pictures = packaged_pictures()
    return [
        scene_clip(SCENES, seed=SEED, index=index, observed=OBSERVED, pictures=pictures)
        for index in range(count)
    ]


def real_clip() -> Clip:
    """The beginning of the packaged video that nothing was trained on.

    Raises:
        ConfigError: if its package is missing.
    """
    return _square(np.stack(list(islice(iterate_video(BIKES.path()), FRAMES))))


def real_clips(count: int) -> list[Clip]:
    """Clips of that video, one after another, none across a cut.

    Args:
        count: the first ones; fewer if there are fewer.

    Raises:
        ConfigError: if its package is missing.
    """
    video = np.stack(list(iterate_video(BIKES.path())))
    cuts, total = hard_cuts(iter(video))
    starts = (
        start
        for begin, end in pairwise([0, *cuts, total])
        for start in range(begin, end - FRAMES + 1, FRAMES)
    )
    return [_square(video[start : start + FRAMES]) for start in islice(starts, count)]


def _square(clip: Frames) -> Clip:
    """The middle of a clip's frames, as large as the box's."""
    height, width = clip.shape[1:3]
    edge = min(height, width)
    left, top = (width - edge) / 2, (height - edge) / 2
    box = (left, top, left + edge, top + edge)
    return Clip("real video", crop_resize(clip, box=box, height=SIDE, width=SIDE), OBSERVED)
