"""What there is to pack: the videos and images of a folder, their classes, what is held out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from pvvae.data.file_names import printable
from pvvae.data.packing.tree import OUTSIDE, told, tree_of
from pvvae.data.video.frames import hard_cuts
from pvvae.data.video.video import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    Frames,
    count_frames,
    iterate_video,
    probe,
    read_image,
)
from pvvae.errors import ConfigError

Only = Literal["videos", "images"]
KINDS: dict[Only, frozenset[str]] = {"videos": VIDEO_SUFFIXES, "images": IMAGE_SUFFIXES}
"""What each of the two may be called."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One video, or a part of one that counts as a video of its own, or one image."""

    path: Path
    """A file; or a folder whose images, in the order of their names, are the frames."""
    name: str
    """Unique; what indices, splits and reports call it."""
    label: str | None = None
    start: int = 0
    """First frame."""
    stop: int | None = None
    """Frame after the last; None is the end."""

    @property
    def is_image(self) -> bool:
        """Whether this is a single image."""
        return self.path.suffix.lower() in IMAGE_SUFFIXES


@dataclass(frozen=True, kw_only=True)
class FoundSources:
    """What a folder holds."""

    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    """What was passed over, in words; none if nothing was."""


def find_sources(
    folder: Path, *, frame_folders: bool = False, only: Only | None = None
) -> FoundSources:
    """All videos and images below ``folder``, sorted by name.

    The label is the name of the folder that a file lies in; if any file lies in ``folder`` itself,
    there are no classes.

    Args:
        folder: to look in.
        frame_folders: every folder with images in it is one video.
        only: one of two kinds; the other is passed over.

    Raises:
        ConfigError: for a missing folder, or one with nothing to pack.
    """
    suffixes = KINDS[only] if only and not frame_folders else VIDEO_SUFFIXES | IMAGE_SUFFIXES
    tree = tree_of(folder, suffixes=suffixes)
    passed_over, paths = tree.passed_over.copy(), set()
    for path in tree.paths:
        if path.suffix.lower() in VIDEO_SUFFIXES or not frame_folders:
            paths.add(path)
        elif path.parent != folder:
            paths.add(path.parent)
        else:
            passed_over[OUTSIDE] += 1
    if not paths:
        others = f" ({told(passed_over)})" if passed_over else ""
        known = " ".join(sorted(suffixes))
        raise ConfigError(f"{folder}: nothing to pack in it{others}; known files: {known}")
    inside = sum(path.parent == folder for path in paths)
    sources = [
        Source(
            path=path,
            name=printable(path.relative_to(folder).as_posix()),
            label=None if inside else printable(path.parent.name),
        )
        for path in paths
    ]
    notes = [told(passed_over)] if passed_over else []
    if 0 < inside < len(paths):
        notes.append(f"no classes: {inside} of {len(paths)} lie in {folder} itself, in no folder")
    return FoundSources(
        sources=tuple(sorted(sources, key=lambda source: source.name)), notes=tuple(notes)
    )


def mixture(sources: Sequence[Source]) -> str:
    """A word of warning if there are videos and images; empty if there are not."""
    images = sum(source.is_image for source in sources)
    if not 0 < images < len(sources):
        return ""
    return (
        f"holds {len(sources) - images} videos and {images} images: clips of several frames are "
        "trained on videos alone; pack them apart, with --only videos and --only images"
    )


def split_sources(
    sources: Sequence[Source],
    *,
    held_out: Sequence[str],
    held_out_fraction: float,
    contents: Mapping[str, str],
) -> tuple[list[Source], list[Source]]:
    """(training, held out), whole videos each, so that no held-out frame has a trained neighbour.

    Args:
        sources: to share out.
        held_out: names, or patterns such as ``*_g0[1-5]_*`` (UCF101 cuts several clips from one
            recording, a "group"; hold out groups there).
        held_out_fraction: part of the videos, chosen by their contents: what they are called does
            not matter, and adding videos leaves the others where they were, nearly.
        contents: a key of each, by name. Sources of one key are on one side, the held-out one if
            ``held_out`` names any of them.

    Raises:
        ConfigError: for a pattern without a match, or a split that leaves one side empty.
    """
    groups: dict[str, list[str]] = {}
    for source in sources:
        groups.setdefault(contents[source.name], []).append(source.name)
    chosen: set[str] = set()
    for pattern in held_out:
        matched = {s.name for s in sources if fnmatch(s.name, pattern) or s.name == pattern}
        if not matched:
            raise ConfigError(
                f"--held-out: no video matches {pattern!r}; one is {sources[0].name!r}"
            )
        chosen |= {name for match in matched for name in groups[contents[match]]}
    if held_out_fraction:
        if not 0 < held_out_fraction < 1:
            raise ConfigError(
                f"--held-out-fraction: must be between 0 and 1, got {held_out_fraction}"
            )
        chosen |= _fraction(groups, max(round(held_out_fraction * len(sources)), 1))
    train = [s for s in sources if s.name not in chosen]
    if chosen and not train:
        same = " (they have the same content)" if len(groups) == 1 < len(sources) else ""
        raise ConfigError(
            f"--held-out: all {len(sources)} videos are held out{same}, none is left to train on"
        )
    return train, [s for s in sources if s.name in chosen]


def _fraction(groups: Mapping[str, Sequence[str]], wanted: int) -> set[str]:
    """Names of ``wanted`` sources in whole groups, by the order of their keys; at least of one."""
    chosen: set[str] = set()
    for key in sorted(groups):
        if len(chosen) + len(groups[key]) <= wanted:
            chosen.update(groups[key])
    return chosen or set(groups[min(groups, key=lambda key: (len(groups[key]), key))])


@dataclass(frozen=True)
class SourceSurvey:
    """What reading a source from beginning to end shows."""

    frames: int
    fps: float
    first: Frames
    cuts: tuple[int, ...] = ()
    """First frames of new shots, if they were looked for."""


def measure(source: Source, *, find_cuts: bool) -> SourceSurvey:
    """Decode everything once; only looking for cuts needs the pixels.

    Raises:
        ConfigError: if the source cannot be read from beginning to end.
    """
    first = next(iterate_source(source), None)
    cuts: list[int] = []
    if source.is_image:
        count = 1
    elif find_cuts:
        cuts, count = hard_cuts(iterate_source(source))
    elif source.path.is_dir():
        count = sum(1 for _ in iterate_source(source))
    else:
        whole = count_frames(source.path)
        count = (whole if source.stop is None else min(source.stop, whole)) - source.start
    if first is None:
        raise ConfigError(f"{source.path}: has no frame {source.start}")
    is_video = not (source.is_image or source.path.is_dir())
    fps = probe(source.path).fps if is_video else 0.0
    return SourceSurvey(count, fps, first, tuple(cuts))


def iterate_source(source: Source, *, start: int = 0) -> Iterator[Frames]:
    """Frames (H, W, 3), from the ``start``-th of this source on.

    Raises:
        ConfigError: as the reader of its kind.
    """
    first = source.start + start
    if source.path.is_dir():
        size = None
        for path in frame_files(source)[first : source.stop]:
            frame = read_image(path)
            size = size or frame.shape
            if frame.shape != size:
                raise ConfigError(
                    f"{source.path}: {path.name} has another size than the first frame"
                )
            yield frame
    elif source.is_image:
        yield read_image(source.path)
    else:
        frames = iterate_video(source.path, start=first)
        if source.stop is None:
            yield from frames
        else:
            for _, frame in zip(range(source.stop - first), frames, strict=False):
                yield frame


def frame_files(source: Source) -> list[Path]:
    """Images of a folder of frames by name, numbers by value: frame 10 comes after frame 9.

    Hidden files (a leading dot) are no frames.
    """
    images = (p for p in source.path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
    return sorted((p for p in images if not p.name.startswith(".")), key=_numbered)


def _numbered(path: Path) -> list[tuple[int, str]]:
    """A name as words and numbers; equal numbers, written differently, as text."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]
