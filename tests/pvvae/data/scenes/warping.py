"""A frame made from the next one by the flow alone, without the renderer."""

import numpy as np

from pvvae.data.scenes import Scene, Truth


def differences_after_warping(scene: Scene, truth: Truth) -> np.ndarray:
    """Levels between each frame and the next warped back, at all pixels where that is defined.

    Left out: what is occluded, and what is within two pixels of an edge between layers in either
    frame, where a pixel shows both.
    """
    clip, found = scene.render().astype(float), []
    rows, columns = np.indices(clip.shape[1:3])
    for t, flow in enumerate(truth.flow):
        x, y = columns + flow[..., 0], rows + flow[..., 1]
        inside = (x >= 0) & (x <= clip.shape[2] - 1) & (y >= 0) & (y <= clip.shape[1] - 1)
        whole = _whole(truth.owner[t + 1])[_nearest(y, clip.shape[1]), _nearest(x, clip.shape[2])]
        kept = inside & ~truth.occluded[t] & _whole(truth.owner[t]) & whole
        found.append(np.abs(_bilinear(clip[t + 1], x, y) - clip[t])[kept])
    return np.concatenate(found)


def _whole(owner: np.ndarray) -> np.ndarray:
    """Whether all of the 5 x 5 pixels around one show the same layer."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(owner, 2, mode="edge"), (5, 5))
    return (around == owner[..., None, None]).all((-1, -2))


def _nearest(x: np.ndarray, size: int) -> np.ndarray:
    return np.rint(x).astype(int).clip(0, size - 1)


def _bilinear(frame: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x0 = np.floor(x).astype(int).clip(0, frame.shape[1] - 2)
    y0 = np.floor(y).astype(int).clip(0, frame.shape[0] - 2)
    a, b = (x - x0)[..., None], (y - y0)[..., None]
    upper = (1 - a) * frame[y0, x0] + a * frame[y0, x0 + 1]
    lower = (1 - a) * frame[y0 + 1, x0] + a * frame[y0 + 1, x0 + 1]
    return (1 - b) * upper + b * lower
