"""Which clips were measured, by checksum: of the pixels, which also proves decoder and resize."""

import hashlib
from collections.abc import Iterable

import numpy as np

from pvvae.data.video.video import Frames


def clip_digest(clip: Frames) -> str:
    """sha256 of pixels (T, H, W, 3), uint8, in this order; the shape is not in it."""
    return hashlib.sha256(np.ascontiguousarray(clip).data).hexdigest()


def set_digest(clips: Iterable[str]) -> str:
    """One for the digests of all clips, whatever their order."""
    return hashlib.sha256("".join(sorted(clips)).encode()).hexdigest()
