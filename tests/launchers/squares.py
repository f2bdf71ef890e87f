"""A made video whose every pixel is known."""

import numpy as np

FPS = 12


def moving_squares(frames: int, height: int, width: int) -> np.ndarray:
    """uint8 (T, H, W, 3): a light square that moves to the right, one pixel a frame."""
    video = np.full((frames, height, width, 3), 60, np.uint8)
    for t in range(frames):
        left = 4 + t % (width - 20)
        video[t, 8:24, left : left + 16] = (230, 180, 90)
    return video
