"""The motion of any points of a scene, from its layers."""

import numpy as np
from numpy.typing import NDArray

from pvvae.data.scenes.ground_truth import foremost
from pvvae.data.scenes.scene import Scene


def flow_at(scene: Scene, points: NDArray[np.complex128], t: int) -> NDArray[np.complex128]:
    """Where what is seen at ``points`` moves until frame ``t + 1``, in pixels, as x + iy."""
    owner = foremost(scene, points, t)
    moved = [layer.move(points, t, t + 1) for layer in scene.layers]
    there = np.select([owner == number for number in range(len(moved))], moved)
    return (there - points) * scene.settings.short_side
