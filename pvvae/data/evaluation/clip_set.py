"""Clips to evaluate on: drawn by seed, looked at beforehand, and written down with checksums.

The protocol of the field (WF-VAE, LeanVAE, Latte): one clip a video, the shorter side to R by
Pillow's antialiased bicubic, centre crop; shards, already resized, are cropped, and made smaller
where they are larger than asked for. What cannot be used is left out and listed, and the next of
the draw takes its place. That shows only once all were decoded, so all clips are read once before
the first is measured.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pvvae import distributed, seeding
from pvvae.config import differences
from pvvae.config.reading import expected_form, read_object
from pvvae.data.evaluation.candidates import Candidates, open_candidates
from pvvae.data.held_out import HeldOutClip
from pvvae.data.shards.samples import Reject
from pvvae.data.video.frames import resize_to_cover
from pvvae.data.video.pixels import clip_digest, cropped, set_digest
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.run.progress_bar import progress, say

FILE = "eval_manifest.json"
CROP = "centre crop of shards"
CROP_RESIZE = (
    "largest centre crop of shards, then to size by Pillow's bicubic with antialiasing, uint8"
)
RESIZE = "to cover, by Pillow's bicubic with antialiasing; then centre crop, uint8"


@dataclass(frozen=True, kw_only=True)
class ClipDraw:
    """Which clips are asked for."""

    where: str
    """Shards, a folder of clips, or a list of them."""
    frames: int
    height: int
    width: int
    num: int | None
    """None is all, in their order."""
    seed: int
    frame_stride: int
    random_start: bool
    """Each clip at a place of its own, by seed and id; otherwise at its first frame."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One clip of the set."""

    id: str
    sha256: str
    """Digest of the pixels as they are measured, not of the file: it also proves decoder and
    resize."""
    source_size: str
    """Height x width before the resize: a smaller one was enlarged."""


class EvaluationClips:
    """Clips 0 .. N - 1, read when they are asked for."""

    def __init__(
        self,
        draw: ClipDraw,
        candidates: Candidates,
        chosen: tuple[Chosen, ...],
        skipped: tuple[Reject, ...],
    ) -> None:
        """See :func:`evaluation_clips`."""
        self.draw, self.chosen, self.skipped = draw, chosen, skipped
        self.classes = tuple(candidates.classes)
        """Names of the labels; empty if the clips have none."""
        self._candidates = candidates
        places = {name: i for i, name in enumerate(candidates.ids)}
        self._places = [places[clip.id] for clip in chosen]

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator[HeldOutClip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> HeldOutClip:
        chosen = self.chosen[i]
        frames, _ = _read(self._candidates, self._places[i], self.draw)
        if clip_digest(frames) != chosen.sha256:
            raise ConfigError(f"{self.draw.where}: {chosen.id} has changed since it was first read")
        source, label = self.origin(i)
        return HeldOutClip(frames=frames, key=chosen.id, source=source, label=label)

    def origin(self, i: int) -> tuple[str, int | None]:
        """The video that clip ``i`` is of, or cut from; and its label, if there are any."""
        place = self._places[i]
        label = self._candidates.labels[place] if self.classes else None
        return self._candidates.sources[place], label

    def protocol(self) -> dict[str, Any]:
        """What a result depends on."""
        return {
            "num": len(self),
            "seed": self.draw.seed,
            "frame_stride": self.draw.frame_stride,
            "start": "random, by seed and id" if self.draw.random_start else "first frame",
            "resize": self._resize(),
            "sha256": set_digest(clip.sha256 for clip in self.chosen),
        }

    def _resize(self) -> str:
        """What is done to frames: those of shards are cropped, and larger ones made smaller."""
        if not self._candidates.resized:
            return RESIZE
        sizes = {tuple(map(int, clip.source_size.split("x"))) for clip in self.chosen}
        fits = all(h == self.draw.height or w == self.draw.width for h, w in sizes)
        return CROP if fits else CROP_RESIZE

    def plain(self) -> dict[str, Any]:
        """This clip as an entry of eval_manifest.json."""
        return {
            "draw": asdict(self.draw),
            "num_used": len(self),
            "classes": list(self.classes),
            "clips": [asdict(clip) for clip in self.chosen],
            "skipped": [asdict(reject) for reject in self.skipped],
        }


def evaluation_clips(
    where: str,
    *,
    frames: int,
    height: int,
    width: int,
    num: int | None,
    seed: int,
    frame_stride: int = 1,
    random_start: bool = False,
    manifest: Path | None = None,
    candidates: Candidates | None = None,
) -> EvaluationClips:
    """``num`` clips drawn by ``seed``, fewer if there are no more; a collective call.

    Every clip drawn is read once here, shared out over the processes. With ``manifest`` the draw is
    written to that file, and a later call with the same arguments takes it from there, on this
    machine or on another one with the same clips.

    Args:
        where: a folder of shards, of videos, of folders of frames or of uint8 ``.npy`` clips; or a
            list of clips (``pvvae.data.evaluation.clip_lists``).
        frame_stride: keep every n-th frame of a video.
        random_start: see :class:`ClipDraw`; reconstruction is measured on first frames.
        candidates: what ``where`` holds, if that is known.

    Raises:
        ConfigError: if there is nothing that can be used, or ``manifest`` is of other clips.
    """
    draw = ClipDraw(
        where=str(where),
        frames=frames,
        height=height,
        width=width,
        num=num,
        seed=seed,
        frame_stride=frame_stride,
        random_start=random_start,
    )
    candidates = open_candidates(Path(where)) if candidates is None else candidates
    if manifest is not None:
        known = distributed.from_main(partial(_read_manifest, manifest, draw))
        if known is not None:
            _check_there(candidates, known[0], manifest)
            return EvaluationClips(draw, candidates, *known)
    clips = EvaluationClips(draw, candidates, *_survey(candidates, draw))
    _tell(clips)
    if manifest is not None:
        write_manifest(manifest, clips)
    return clips


def write_manifest(path: Path, clips: EvaluationClips) -> None:
    """Write down which clips these are, from the main process.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    if distributed.is_main():
        write_json(path, clips.plain())


def _survey(
    candidates: Candidates, draw: ClipDraw
) -> tuple[tuple[Chosen, ...], tuple[Reject, ...]]:
    """The first ``num`` of the draw that can be used, and those before them that cannot."""
    order = list(range(len(candidates))) if draw.num is None else candidates.drawn(draw.seed)
    wanted = len(order) if draw.num is None else min(draw.num, len(order))
    chosen: list[Chosen] = []
    skipped: list[Reject] = []
    rank, processes = distributed.rank(), distributed.world_size()
    with progress(f"clips of {draw.where}", wanted) as bar:
        tried = 0
        while len(chosen) < wanted and tried < len(order):
            part = order[tried : tried + wanted - len(chosen)]
            tried += len(part)
            mine = []
            for place in part[rank::processes]:
                mine.append(_look(candidates, place, draw))
                bar.update(processes * isinstance(mine[-1], Chosen))
            for found in _in_turn(mine, len(part)):
                (chosen if isinstance(found, Chosen) else skipped).append(found)
    if not chosen:
        raise ConfigError(
            f"{draw.where}: none of {len(order)} clips can be used; "
            f"the first, {skipped[0].source}: {skipped[0].reason}"
        )
    return tuple(chosen), tuple(skipped)


def _in_turn(mine: list[Any], total: int) -> list[Any]:
    """What every process found of ``total`` things, dealt out one by one, in their order."""
    parts: Any = distributed.gather_objects(mine)
    return [parts[n % len(parts)][n // len(parts)] for n in range(total)]


def _look(candidates: Candidates, place: int, draw: ClipDraw) -> Chosen | Reject:
    name = candidates.ids[place]
    try:
        clip, size = _read(candidates, place, draw)
    except ConfigError as error:
        return Reject(source=name, reason=str(error))
    return Chosen(id=name, sha256=clip_digest(clip), source_size=size)


def _read(candidates: Candidates, place: int, draw: ClipDraw) -> tuple[Frames, str]:
    """The clip (T, H, W, 3), and its size before the resize; one full-size frame at a time."""

    def choose(starts: int) -> int:
        return seeding.key(draw.seed, "start", candidates.ids[place]) % starts

    frames = candidates.frames(
        place,
        frames=draw.frames,
        stride=draw.frame_stride,
        choose=choose if draw.random_start else None,
    )
    size, covering = "", list[Frames]()
    for frame in frames:
        size = size or f"{frame.shape[0]}x{frame.shape[1]}"
        if not candidates.resized:
            frame = resize_to_cover(frame, height=draw.height, width=draw.width)
        covering.append(frame)
    where = f"{draw.where}: {candidates.ids[place]}"
    clip = cropped(np.stack(covering), height=draw.height, width=draw.width, where=where)
    return clip, size


def _read_manifest(
    path: Path, draw: ClipDraw
) -> tuple[tuple[Chosen, ...], tuple[Reject, ...]] | None:
    """What an earlier start, here or elsewhere, wrote of this draw; None if there is no file.

    Where the clips lay then does not matter: their checksums say whether they are the same.

    Raises:
        ConfigError: if it is no manifest, or of another draw.
    """
    if not path.exists():
        return None
    known = read_object(path)
    with expected_form(path):
        changed = differences(known["draw"] | {"where": draw.where}, asdict(draw))
        chosen = tuple(Chosen(**clip) for clip in known["clips"])
        skipped = tuple(Reject(**reject) for reject in known["skipped"])
    if changed:
        raise ConfigError(f"{path}: is of another draw ({'; '.join(changed)}); name another file")
    return chosen, skipped


def _check_there(candidates: Candidates, chosen: tuple[Chosen, ...], path: Path) -> None:
    missing = {clip.id for clip in chosen}.difference(candidates.ids)
    if missing:
        raise ConfigError(f"{path}: lists {min(missing)}, which is not among the clips")


def _tell(clips: EvaluationClips) -> None:
    """Say what is not as it was asked for."""
    where, num = clips.draw.where, clips.draw.num
    if clips.skipped:
        first = clips.skipped[0]
        say(f"{where}: {len(clips.skipped)} skipped; the first: {first.source} ({first.reason})")
    if num is not None and len(clips) < num:
        say(f"{where}: {num} clips were asked for, {len(clips)} can be used")
