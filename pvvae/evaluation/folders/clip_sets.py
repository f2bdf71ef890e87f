"""The two sets: found, drawn, paired by name, and looked at before anything is measured.

A mistake is found here, within seconds or minutes, not after an hour of I3D.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pvvae import seeding
from pvvae.data.packing.clip_files import (
    clip_length,
    find_clip_files,
    is_lossless,
    known_length,
    read_clip_file,
)
from pvvae.data.packing.sources import Source
from pvvae.errors import ConfigError
from pvvae.evaluation.folders.question import OF_PAIRS, OF_SETS, Question
from pvvae.metrics.c3d import NUM_FRAMES
from pvvae.metrics.i3d import MIN_FRAMES
from pvvae.run.progress_bar import progress

Task = tuple[Source | None, Source | None]
"""A clip of A and one of B that are measured in one go; None where only one side is."""
Shape = tuple[int, int, int]
"""T, H, W of a clip as it is measured."""


@dataclass(frozen=True, kw_only=True)
class ClipSet:
    """One side."""

    folder: Path
    kind: str
    """What its clips are, as messages say it."""
    clips: dict[str, Source]
    """By name without suffix, sorted."""
    lossless: bool


@dataclass(frozen=True, kw_only=True)
class ClipSets:
    """Both sides, ready to be measured."""

    real: ClipSet
    generated: ClipSet
    shape: Shape | None
    """Shape of every clip; None if they differ, which only metrics of pairs allow."""

    @property
    def same_names(self) -> bool:
        """Whether every clip has a partner of its name."""
        return self.real.clips.keys() == self.generated.clips.keys()

    def tasks(self, question: Question) -> list[Task]:
        """What there is to measure: pairs, or clips of one side and then of the other."""
        real, generated = self.real.clips, self.generated.clips
        if question.paired:
            return [(real[name], generated[name]) for name in generated]
        originals = real.values() if question.needs_real else ()
        return [(clip, None) for clip in originals] + [(None, clip) for clip in generated.values()]


def open_sets(question: Question) -> ClipSets:
    """Both folders, as far as they are asked for.

    Raises:
        ConfigError: for a folder, name, clip or number of clips that cannot be measured.
    """
    real, generated = _open(question.real), _open(question.generated)
    if question.paired:
        _check_pairs(real, generated)
    real, generated = (_drawn(side, question) for side in (real, generated))
    least = 2 if question.asks(*OF_SETS, "is") else 1
    for side in (real, generated):
        if len(side.clips) < least:
            raise ConfigError(f"{side.folder}: a set needs 2 clips at least, has {len(side.clips)}")
    return ClipSets(real=real, generated=generated, shape=_check_shapes(question, real, generated))


def _open(folder: Path) -> ClipSet:
    kind, sources = find_clip_files(folder)
    clips: dict[str, Source] = {}
    for source in sources:
        name = _name(folder, source)
        if name in clips:
            raise ConfigError(f"{folder}: {clips[name].name} and {source.name} have the same name")
        clips[name] = source
    clips = {name: clips[name] for name in sorted(clips)}
    lossless = all(is_lossless(source) for source in sources)
    return ClipSet(folder=folder, kind=kind, clips=clips, lossless=lossless)


def _name(folder: Path, source: Source) -> str:
    """The path below the folder, without suffix; a folder that is itself a clip has none."""
    relative = source.path.relative_to(folder)
    return (relative if source.path.is_dir() else relative.with_suffix("")).as_posix()


def _check_pairs(real: ClipSet, generated: ClipSet) -> None:
    for side, other in ((generated, real), (real, generated)):
        alone = sorted(side.clips.keys() - other.clips.keys())
        if alone:
            raise ConfigError(
                f"{side.folder}: {len(alone)} of {len(side.clips)} clips have no partner in "
                f"{other.folder}; the first: {alone[0]}. "
                f"{', '.join(OF_PAIRS)} compare clips of one name; other metrics need no pairs"
            )


def _drawn(side: ClipSet, question: Question) -> ClipSet:
    """``num`` clips; by a hash of the name, so that pairs stay together."""
    num = question.num
    if num is None:
        return side
    if num > len(side.clips):
        raise ConfigError(f"{side.folder}: has {len(side.clips)} clips, --num asks for {num}")
    drawn = sorted(side.clips, key=lambda name: seeding.key(question.seed, "evaluation", name))
    clips = {name: side.clips[name] for name in sorted(drawn[:num])}
    return ClipSet(folder=side.folder, kind=side.kind, clips=clips, lossless=side.lossless)


def _check_shapes(question: Question, real: ClipSet, generated: ClipSet) -> Shape | None:
    """The shape of all clips, if it is one; looks at every clip."""
    sides = (real, generated) if question.needs_real else (generated,)
    shapes: dict[Path, Shape] = {}
    clips = [clip for side in sides for clip in side.clips.values()]
    with progress("looking at clips", len(clips)) as bar:
        for clip in clips:
            shapes[clip.path] = _look(clip, question)
            bar.update()
    if question.paired:
        for name, clip in generated.clips.items():
            _same(real.clips[name], clip, shapes, "a pair")
    if question.asks(*OF_SETS, "is"):
        _check_video_shapes(question, clips, shapes)
    fewest = min(shape[0] for shape in shapes.values())
    if question.observed is not None and question.observed >= fewest:
        raise ConfigError(
            f"--observed: {question.observed} of {fewest} frames leave none that was predicted"
        )
    kinds = set(shapes.values())
    return kinds.pop() if len(kinds) == 1 else None


def _look(clip: Source, question: Question) -> Shape:
    """Shape of a clip, of which one frame is read, and no more than that unless it must be."""
    first = read_clip_file(clip, frames=1, size=question.size)
    wanted = question.wanted
    if wanted is None:
        return clip_length(clip), first.shape[1], first.shape[2]
    known = known_length(clip)
    if known is not None and known < wanted:
        raise ConfigError(f"{clip.path}: has {known} frames, {wanted} are needed")
    return wanted, first.shape[1], first.shape[2]


def _check_video_shapes(
    question: Question, clips: Sequence[Source], shapes: dict[Path, Shape]
) -> None:
    """What networks of videos see has to be alike, and long enough."""
    for clip in clips:
        _same(clips[0], clip, shapes, "FVD, KVD and IS")
    frames, (name, least) = shapes[clips[0].path][0], ("I3D", MIN_FRAMES)
    if question.c3d is not None:
        name, least = "C3D", NUM_FRAMES
    if frames < least:
        raise ConfigError(f"{clips[0].path}: {name} needs {least} frames at least, got {frames}")


def _same(one: Source, other: Source, shapes: dict[Path, Shape], what: str) -> None:
    a, b = shapes[one.path], shapes[other.path]
    if a != b:
        option = "--size HxW resizes all" if a[0] == b[0] else "--frames N takes the first of each"
        raise ConfigError(
            f"{one.path} is {_by(a)} and {other.path} {_by(b)} (frames, rows, columns); "
            f"{what} must be of one shape: {option}"
        )


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape))
