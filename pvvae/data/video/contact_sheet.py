"""Several clips as one video."""

import numpy as np

from pvvae.data.video.video import Frames

COLUMNS = 4
"""Clips in a row; ours."""


def contact_sheet(clips: list[Frames]) -> Frames:
    """Clips (T, H, W, C) of one shape side by side, four in a row."""
    columns = min(COLUMNS, len(clips))
    rows = [clips[i : i + columns] for i in range(0, len(clips), columns)]
    blank = np.zeros_like(clips[0])
    full = [row + [blank] * (columns - len(row)) for row in rows]
    return np.concatenate([np.concatenate(row, axis=2) for row in full], axis=1)
