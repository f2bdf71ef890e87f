"""Points whose way is known: of scenes, and of films in which people have followed them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvvae.analysis.clips import AnalysedClips
from pvvae.data.scenes import Scene, truth_of
from pvvae.data.scenes.extrapolation import MOVES, past_flow
from pvvae.errors import ConfigError


@dataclass(frozen=True)
class Points:
    """Points of one clip that can be seen in the last observed frame; N of them, perhaps none."""

    tracks: NDArray[np.float64]
    """(N, T, 2) in pixels."""
    visible: NDArray[np.bool_]
    """(N, T)."""
    velocity: NDArray[np.float64]
    """(N, 2) pixels a frame, when they are last seen."""

    @property
    def moving(self) -> NDArray[np.bool_]:
        """(N,) whether each moves."""
        found: NDArray[np.bool_] = np.linalg.norm(self.velocity, axis=1) >= MOVES
        return found


def check_points(clips: AnalysedClips) -> None:
    """Refuse clips of which no point's way is known.

    Raises:
        ConfigError: in one line.
    """
    if not clips.points_are_known:
        raise ConfigError(
            f"{clips.question.where}: where points go is known of scenes and of TAP-Vid-DAVIS "
            "alone; make scenes with `pvvae data scenes`, and give their own --size"
        )


def known_points(clips: AnalysedClips, i: int, *, observed: int, count: int) -> Points:
    """At most ``count`` points of clip ``i``; those of a scene are drawn by seed and number."""
    followed = clips.tracks(i)
    if followed is not None:
        return points_that_were_followed(*followed, observed=observed, count=count)
    scene = clips.scene(i)
    assert scene is not None  # see check_points
    return points_of(scene, observed=observed, count=count, seed=clips.question.seed, index=i)


def points_of(scene: Scene, *, observed: int, count: int, seed: int, index: int) -> Points:
    """At most ``count`` of a scene's tracks."""
    truth = truth_of(scene, seed=seed, index=index)
    chosen = np.flatnonzero(truth.visible[observed - 1])[:count]
    tracks = truth.tracks[:, chosen].transpose(1, 0, 2).astype(np.float64)
    at = np.rint(tracks[:, observed - 1]).astype(int)
    s = scene.settings
    flow = past_flow(scene, observed - 1)
    velocity = flow[at[:, 1].clip(0, s.height - 1), at[:, 0].clip(0, s.width - 1)]
    return Points(tracks, truth.visible[:, chosen].T, velocity)


def points_that_were_followed(
    tracks: NDArray[np.float64], visible: NDArray[np.bool_], *, observed: int, count: int
) -> Points:
    """At most ``count`` of some tracks (N, T, 2) that are seen in the last observed frame.

    Their velocity is the step from the frame before; of a point that is not seen there it is zero.
    """
    chosen = np.flatnonzero(visible[:, observed - 1])[:count]
    tracks, visible = tracks[chosen], visible[chosen]
    velocity = np.zeros((len(chosen), 2))
    if observed > 1:
        step = tracks[:, observed - 1] - tracks[:, observed - 2]
        velocity = np.where(visible[:, observed - 2, None], step, 0.0)
    return Points(tracks, visible, velocity)
