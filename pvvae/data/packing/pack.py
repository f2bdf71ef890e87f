"""Any folder of videos and images to WebDataset shards that training reads at full speed.

Two passes: the survey decodes every source to its end and decides which clips there are; then the
clips are shared out evenly over shards and written. So the bytes are a function of the sources and
the settings alone, a kill costs one shard, and a broken video leaves no clips behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from pvvae.data.packing.content import content_key, same_content
from pvvae.data.packing.folder import FolderPacker, FolderReport
from pvvae.data.packing.sources import Only, Source, find_sources, mixture, split_sources
from pvvae.data.packing.survey import PackSettings
from pvvae.data.shards.samples import Reject
from pvvae.errors import ConfigError
from pvvae.files import raise_if_unwritable

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PackReport:
    """All that a pack made: one folder, or "train" and "held_out"."""

    folders: tuple[FolderReport, ...]
    notes: tuple[str, ...] = ()
    """What was passed over, and what else to know of the sources."""

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """What was left out, and why."""
        return tuple(reject for folder in self.folders for reject in folder.rejects)

    def __str__(self) -> str:
        rejects = (f"  rejected {reject.source}: {reject.reason}" for reject in self.rejects)
        notes = (f"  {note}" for note in self.notes)
        return "\n".join([*map(str, self.folders), *notes, *rejects])


def pack(
    source: Path | str | Sequence[Source],
    out: Path | str,
    *,
    frames: int = PackSettings.frames,
    stride: int = PackSettings.stride,
    short_side: int = PackSettings.short_side,
    min_side: int | None = None,
    max_clips_per_video: int | None = None,
    shards: int = PackSettings.shards,
    clips_per_shard: int = PackSettings.clips_per_shard,
    store: Literal["frames", "file"] = PackSettings.store,
    drop_cuts: bool = False,
    held_out: Sequence[str] = (),
    held_out_fraction: float = 0.0,
    frame_folders: bool = False,
    only: Only | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PackReport:
    """Pack ``source`` into ``out``, or into ``out/train`` and ``out/held_out``.

    Killed at any point, the same call goes on and ends with the same bytes; once complete it
    returns at once. The settings are those of :class:`PackSettings`; the split that of
    :func:`pvvae.data.packing.sources.split_sources`.

    Args:
        source: a folder, or sources found otherwise.
        frame_folders: every folder of images is one video.
        only: videos or images, where a folder has both.
        on_progress: called with units done and units in all.

    Raises:
        ConfigError: if there is nothing to pack, ``out`` holds something else, or it cannot be
            written (a full disk leaves whole shards only).
    """
    out = Path(out)
    settings = PackSettings(
        frames=frames,
        stride=stride,
        short_side=short_side,
        min_side=min_side,
        max_clips_per_video=max_clips_per_video,
        store=store,
        drop_cuts=drop_cuts,
        shards=shards,
        clips_per_shard=clips_per_shard,
    )
    notes: list[str] = []
    if isinstance(source, str | Path):
        found = find_sources(Path(source), frame_folders=frame_folders, only=only)
        source, notes = found.sources, [*found.notes]
    contents = {s.name: content_key(s) for s in source}
    train, held = split_sources(
        source, held_out=held_out, held_out_fraction=held_out_fraction, contents=contents
    )
    notes += [line for line in (mixture(train), mixture(held)) if line]
    notes += [f"same content: {', '.join(names)}" for names in same_content(source, contents)]
    parts = [(out / "train", train), (out / "held_out", held)] if held else [(out, train)]
    return PackReport(folders=_pack_parts(parts, settings, on_progress), notes=tuple(notes))


def _pack_parts(
    parts: Sequence[tuple[Path, list[Source]]],
    settings: PackSettings,
    on_progress: Callable[[int, int], None],
) -> tuple[FolderReport, ...]:
    """Survey all parts, then write all: what cannot be packed shows before any shard is there."""
    classes: tuple[str, ...] = ()
    total = sum(len(sources) for _, sources in parts)
    packers: list[FolderPacker] = []
    done = 0
    for folder, sources in parts:
        # Held-out labels mean what they mean in training; classes that are only held out come last.
        labels = {s.label for s in sources if s.label is not None}
        classes = (*classes, *sorted(labels - set(classes)))
        # A source is surveyed, then written: two units.
        surveyed = partial(_shifted, on_progress, done=done, total=2 * total)
        packers.append(FolderPacker(folder, sources, classes, settings, surveyed))
        _one_line_errors(folder, packers[-1].survey)
        done += len(sources)
    try:
        for packer in packers:
            packer.check_clips()
    except ConfigError:
        for packer in reversed(packers):  # their common folder goes with the first
            packer.abandon()
        raise
    reports = []
    for packer in packers:
        before = done - len(packer.sources)  # its survey is counted in what it says
        packer.on_progress = partial(_shifted, on_progress, done=before, total=2 * total)
        reports.append(_one_line_errors(packer.out, packer.write))
        done += len(packer.sources)
    return tuple(reports)


def _shifted(on_progress: Callable[[int, int], None], units: int, *, done: int, total: int) -> None:
    on_progress(done + units, total)


def _one_line_errors(folder: Path, run: Callable[[], T]) -> T:
    """Any trouble with the disk as one line."""
    try:
        return run()
    except OSError as error:
        raise_if_unwritable(error, folder)
        raise ConfigError(
            f"{error.filename or folder}: cannot be written: {error.strerror}"
        ) from None
