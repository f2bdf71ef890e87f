"""Videos made from (seed, index) alone, with exact optical flow, point tracks and occlusion.

Cut-outs of photographs move over a photograph. Every one of them is moved by a similarity, so where
a point of it goes is a formula, not a measurement.
"""

from pvvae.data.scenes.ground_truth import Truth, truth_of
from pvvae.data.scenes.pictures import Pictures, packaged_pictures, pictures_in
from pvvae.data.scenes.scene import Scene, draw_scene
from pvvae.data.scenes.settings import KINDS, SceneSettings

__all__ = [
    "KINDS",
    "Pictures",
    "Scene",
    "SceneSettings",
    "Truth",
    "draw_scene",
    "packaged_pictures",
    "pictures_in",
    "truth_of",
]
