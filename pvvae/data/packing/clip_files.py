"""Clips as files: videos, folders whose images are the frames, and lossless ``.npy`` arrays."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from pvvae.data.file_names import printable
from pvvae.data.packing.sources import Source, frame_files, iterate_source
from pvvae.data.packing.tree import told, tree_of
from pvvae.data.video.frames import resize_to_cover
from pvvae.data.video.pixels import cropped
from pvvae.data.video.video import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    Frames,
    count_frames,
    iterate_video,
    probe,
)
from pvvae.errors import ConfigError
from pvvae.run.progress_bar import say

NPY = ".npy"
"""A clip as it was computed: uint8 (T, H, W, 3). It loses nothing, unlike any video file."""
VIDEOS, FOLDERS, ARRAYS = "videos", "folders of frames", ".npy clips"
"""The kinds, as messages call them."""


def find_clip_files(folder: Path) -> tuple[str, list[Source]]:
    """The kind of clips that a folder holds, and all of them below it, sorted by name.

    A folder with images in it is one clip, ``folder`` itself too. The label of a clip is the name
    of the folder that it lies in; if any lies in ``folder`` itself, there are no classes. What
    is passed over, such as hidden files and those of another kind, is said.

    Raises:
        ConfigError: for a missing folder, one without clips, or one with clips of two kinds.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name one with {VIDEOS}, {FOLDERS} or {NPY}")
    tree = tree_of(folder, suffixes=VIDEO_SUFFIXES | IMAGE_SUFFIXES | {NPY})
    found: dict[str, set[Path]] = {}
    for path in tree.paths:
        suffix = path.suffix.lower()
        if suffix in VIDEO_SUFFIXES:
            found.setdefault(VIDEOS, set()).add(path)
        elif suffix == NPY:
            found.setdefault(ARRAYS, set()).add(path)
        elif suffix in IMAGE_SUFFIXES:
            found.setdefault(FOLDERS, set()).add(path.parent)
    if not found:
        others = f" ({told(tree.passed_over)})" if tree.passed_over else ""
        raise ConfigError(
            f"{folder}: no clips in it{others}; known are {VIDEOS}, {FOLDERS} and {ARRAYS}"
        )
    if len(found) > 1:
        kinds = " and ".join(f"{len(paths)} {kind}" for kind, paths in sorted(found.items()))
        raise ConfigError(f"{folder}: holds {kinds}; keep one kind in one folder")
    if tree.passed_over:
        say(f"{folder}: {told(tree.passed_over)}")
    ((kind, paths),) = found.items()
    labelled = all(folder not in (path, path.parent) for path in paths)
    sources = [
        Source(
            path=path,
            name=printable(folder.name if path == folder else path.relative_to(folder).as_posix()),
            label=printable(path.parent.name) if labelled else None,
        )
        for path in paths
    ]
    return kind, sorted(sources, key=lambda source: source.name)


def is_lossless(source: Source) -> bool:
    """Whether the pixels are those that were computed, not what a codec made of them."""
    if source.path.is_dir():
        lossy = (".jpg", ".jpeg", ".webp")  # WebP can be either
        return not any(path.suffix.lower() in lossy for path in frame_files(source))
    return source.path.suffix.lower() in (NPY, ".png", ".bmp")


def known_length(source: Source) -> int | None:
    """Number of frames, if that can be told without decoding them.

    Raises:
        ConfigError: if the source cannot be read.
    """
    if source.path.suffix.lower() == NPY:
        return len(_array(source.path))
    if source.path.is_dir():
        return len(frame_files(source))
    return 1 if source.is_image else probe(source.path).frames


def clip_length(source: Source) -> int:
    """Number of frames; of videos whose container does not count them, by decoding all.

    Raises:
        ConfigError: if the source cannot be read.
    """
    return known_length(source) or count_frames(source.path)


def iterate_clip(source: Source, *, start: int = 0, stride: int = 1) -> Iterator[Frames]:
    """Frames (H, W, 3) number ``start``, ``start + stride``, ..., one at a time.

    Raises:
        ConfigError: naming the file and the reason, if it cannot be read.
    """
    if source.path.suffix.lower() == NPY:
        yield from _array(source.path)[start::stride]
    elif source.path.is_dir() or source.is_image:
        yield from islice(iterate_source(source, start=start), 0, None, stride)
    else:
        yield from iterate_video(source.path, start=start, stride=stride)


def read_clip_file(source: Source, *, frames: int | None, size: tuple[int, int] | None) -> Frames:
    """A clip (T, H, W, 3): its first ``frames``, or all.

    Args:
        size: height and width that frames are resized to cover, and cropped to; None leaves them.

    Raises:
        ConfigError: if it cannot be read, or has fewer frames.
    """
    rows = list(islice(iterate_clip(source), frames))
    if not rows or (frames is not None and len(rows) < frames):
        raise ConfigError(f"{source.path}: has {len(rows)} frames, {frames or 1} are needed")
    if size is None:
        return np.stack(rows)
    height, width = size
    covering = np.stack([resize_to_cover(row, height=height, width=width) for row in rows])
    return cropped(covering, height=height, width=width)


def _array(path: Path) -> Frames:
    """The file, mapped: only what is asked for is read."""
    try:
        clip = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (ValueError, OSError, EOFError) as error:
        raise ConfigError(f"{path}: not an array ({error})") from None
    if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[-1] != 3 or not clip.size:
        nans = int(np.isnan(clip).sum()) if clip.dtype.kind == "f" else 0
        raise ConfigError(
            f"{path}: a clip is uint8 (T, H, W, 3), got {clip.dtype} {clip.shape}"
            + (f" with {nans} NaN" if nans else "")
        )
    frames: Frames = clip
    return frames
