"""One sample of an index as frames, whatever it is stored as."""

import io
from collections.abc import Callable

import numpy as np

from pvvae.data.shards.index import ShardIndex
from pvvae.data.video.video import IMAGE_SUFFIXES, Frames, count_frames, read_image, read_video
from pvvae.errors import ConfigError


def read_clip(
    index: ShardIndex,
    i: int,
    *,
    frames: int,
    stride: int = 1,
    choose: Callable[[int], int] = lambda starts: 0,
) -> Frames:
    """``frames`` frames (T, H, W, 3) of sample ``i``, at full size.

    Args:
        stride: keep every stride-th frame.
        choose: picks the start among so many possible ones; the first by default.

    Raises:
        ConfigError: naming the sample, if it is damaged or has too few frames.
    """
    sample = index.sample(i)
    where = f"{index.folder / index.shards[sample.shard].name}: {sample.key}"
    span = (frames - 1) * stride + 1
    data = index.read(i)

    def start(available: int) -> int:
        if available < span:
            raise ConfigError(
                f"{where} has {available} frames; {frames} at stride {stride} need {span}: "
                "pack again with longer clips, or use shorter buckets"
            )
        return choose(available - span + 1)

    suffix = f".{sample.extension}"
    if suffix == ".npy":
        stored = _array(data, where)
        first = start(len(stored))
        return stored[first : first + span : stride]
    if suffix in IMAGE_SUFFIXES:
        start(1)
        return read_image(data, name=where)[None]
    first = start(sample.frames or count_frames(data, name=where))
    return read_video(data, name=where, start=sample.start + first, frames=frames, stride=stride)


def _array(data: bytes, where: str) -> Frames:
    try:
        stored = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ConfigError(f"{where}: not an array ({error})") from None
    if stored.dtype != np.uint8 or stored.ndim not in (3, 4) or stored.shape[-1] != 3:
        raise ConfigError(f"{where}: must be uint8 (T, H, W, 3), got {stored.dtype} {stored.shape}")
    clip: Frames = stored if stored.ndim == 4 else stored[None]
    return clip
