"""One packed folder: surveyed, written shard by shard, indexed; a kill costs one shard."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pvvae.config import differences
from pvvae.config.reading import expected_form, file_digest, parse_json, read_text
from pvvae.data.packing.sources import Source, frame_files
from pvvae.data.packing.survey import PackSettings, Survey, advice, cut_clips, survey
from pvvae.data.shards import tars
from pvvae.data.shards.index import PACKED_INDEX
from pvvae.data.shards.samples import (
    Contents,
    Reject,
    Sample,
    Shard,
    check_no_other_index,
    columns_of,
    load_contents,
    read_index,
    save_contents,
)
from pvvae.errors import ConfigError
from pvvae.files import write_text

SURVEY = ".survey.jsonl"
"""What the first pass has found so far, while a folder is incomplete."""


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """One packed folder."""

    folder: Path
    num_sources: int
    """Sources that gave at least one clip."""
    num_clips: int
    num_shards: int
    num_bytes: int
    classes: tuple[str, ...]
    rejects: tuple[Reject, ...]
    already_done: bool
    """Whether nothing was left to do."""
    advice: tuple[str, ...] = ()
    """Limits that cost sources, and which would not have."""

    def __str__(self) -> str:
        return (
            f"{self.folder}: {self.num_clips} clips of {self.num_sources} videos and images in "
            f"{self.num_shards} shards, {self.num_bytes / 1e6:.1f} MB, "
            f"{len(self.classes)} classes, {len(self.rejects)} rejects"
            + (" (was already packed)" if self.already_done else "")
            + "".join(f"\n  {line}" for line in self.advice)
        )


class FolderPacker:
    """The packing of one folder."""

    def __init__(
        self,
        out: Path,
        sources: Sequence[Source],
        classes: tuple[str, ...],
        settings: PackSettings,
        on_progress: Callable[[int], None],
    ) -> None:
        self.out, self.sources, self.classes = out, sources, classes
        self.settings, self.on_progress = settings, on_progress
        self.identity: dict[str, Any] = asdict(settings) | {
            "sources": len(sources),
            "fingerprint": _fingerprint(sources),
        }

    def survey(self) -> None:
        """The first pass, or as much of it as is left; nothing for a folder that is packed.

        Raises:
            ConfigError: if the folder holds something else.
        """
        packed = read_index(self.out / PACKED_INDEX)
        self.packed = packed is not None
        if packed is not None:
            self._check_same(packed["settings"])
            return
        check_no_other_index(self.out)
        self._made = [path for path in (self.out, *self.out.parents) if not path.exists()]
        self.out.mkdir(parents=True, exist_ok=True)
        self.surveys = self._survey_all()
        self.clips = [
            (source, k) for source, s in enumerate(self.surveys) for k in range(len(s.starts))
        ]
        self.rejects = tuple(
            Reject(source=source.name, reason=reason)
            for source, found in zip(self.sources, self.surveys, strict=True)
            for reason in found.reasons
        )

    def check_clips(self) -> None:
        """Refuse to go on without a single clip.

        Raises:
            ConfigError: naming the first source and why it gives none.
        """
        if not (self.packed or self.clips):
            raise ConfigError(
                f"{self.out}: none of {len(self.sources)} videos and images can be used; "
                f"the first, {self.rejects[0].source}: {self.rejects[0].reason}"
            )

    def abandon(self) -> None:
        """Leave nothing behind that would be in the way of another pack."""
        if self.packed or tars.shard_files(self.out):
            return
        (self.out / SURVEY).unlink(missing_ok=True)
        with suppress(OSError):  # another program's files are in it
            for path in self._made:
                path.rmdir()

    def write(self) -> FolderReport:
        """The second pass, and the index."""
        if self.packed:
            self.on_progress(2 * len(self.sources))
            return self._report(already_done=True)
        self._save_index(self._write_shards())
        (self.out / SURVEY).unlink(missing_ok=True)
        return self._report(already_done=False)

    def _check_same(self, identity: dict[str, Any]) -> None:
        changed = differences(identity, self.identity)
        if changed:
            raise ConfigError(
                f"{self.out}: holds another pack ({'; '.join(changed)}); "
                "choose another folder or delete this one"
            )

    def _survey_all(self) -> list[Survey]:
        """The first pass; what an earlier call found is not looked for again."""
        path = self.out / SURVEY
        if not path.exists():
            if tars.shard_files(self.out):
                raise ConfigError(
                    f"{self.out}: has shards that another program made; choose another folder"
                )
            write_text(path, json.dumps(self.identity) + "\n")
        text = read_text(path)
        whole = text[: text.rfind("\n") + 1]  # a line is there once its end is
        with expected_form(path):
            identity, *found = (parse_json(line, str(path)) for line in whole.splitlines())
            self._check_same(identity)
            surveys = [Survey.from_json(data) for data in found]
        with path.open("r+") as file:
            file.seek(len(whole.encode()))
            file.truncate()
            for source in self.sources[len(surveys) :]:
                surveys.append(survey(source, self.settings))
                file.write(json.dumps(vars(surveys[-1])) + "\n")
                file.flush()
                self.on_progress(len(surveys))
        return surveys

    def _write_shards(self) -> list[range]:
        """The second pass: each shard's clips. Shards that exist are whole."""
        count = len(self.clips)
        most = self.settings.clips_per_shard
        shards = max(-(-count // most), min(self.settings.shards, count))
        parts = [range(i * count // shards, (i + 1) * count // shards) for i in range(shards)]
        stream: Iterator[tuple[str, tars.Members]] = iter(())
        ready = -1  # the clip that the stream gives next
        for number, part in enumerate(parts):
            path = self._shard(number)
            if not path.exists():
                if ready != part.start:
                    stream = self._stream(part.start)
                tars.write_tar(path, islice(stream, len(part)))
                ready = part.stop
            written = len(self.sources) * part.stop // count
            self.on_progress(len(self.sources) + written)
        return parts

    def _stream(self, first: int) -> Iterator[tuple[str, tars.Members]]:
        """(key, members) of all clips from ``first`` on; each source is decoded once."""
        source, skipped = self.clips[first]
        number = first
        for i in range(source, len(self.sources)):
            starts = self.surveys[i].starts[skipped:]
            skipped = 0
            if not starts:
                continue
            for members in self._members(self.sources[i], starts):
                facts = self._facts(number)
                yield (
                    f"{number:09d}",
                    {**members, "json": json.dumps(facts, sort_keys=True).encode()},
                )
                number += 1

    def _members(self, source: Source, starts: tuple[int, ...]) -> Iterator[dict[str, bytes]]:
        """The pixels of each clip of a source."""
        if self.settings.store == "file":
            yield {source.path.suffix[1:].lower(): source.path.read_bytes()}
            return
        for clip in cut_clips(source, starts, self.settings):
            file = io.BytesIO()
            np.save(file, clip, allow_pickle=False)
            yield {"npy": file.getvalue()}

    def _facts(self, number: int) -> dict[str, Any]:
        """What is recorded of a clip beside its pixels."""
        i, k = self.clips[number]
        source, found = self.sources[i], self.surveys[i]
        return {
            "source": source.name,
            "start": source.start + found.starts[k],
            "frames": found.frames,
            "fps": found.fps,
            "height": found.height,
            "width": found.width,
            "label": source.label,
        }

    def _save_index(self, parts: list[range]) -> None:
        samples = []
        for shard, part in enumerate(parts):
            members = tars.list_tar(self._shard(shard))
            if list(members) != [f"{number:09d}" for number in part]:
                raise ConfigError(
                    f"{self._shard(shard)}: not of this pack; delete it and pack again"
                )
            for number, (key, extents) in zip(part, members.items(), strict=True):
                facts = self._facts(number)
                label = facts.pop("label")
                extension = next(e for e in extents if e != "json")
                samples.append(
                    Sample(
                        key=key,
                        shard=shard,
                        extension=extension,
                        offset=extents[extension].offset,
                        size=extents[extension].size,
                        label=-1 if label is None else self.classes.index(label),
                        **facts,
                    )
                )
        paths = [self._shard(shard) for shard in range(len(parts))]
        contents = Contents(
            shards=tuple(
                Shard(name=path.name, size=path.stat().st_size, sha256=file_digest(path))
                for path in paths
            ),
            classes=self.classes,
            columns=columns_of(samples),
            rejects=self.rejects,
        )
        save_contents(self.out / PACKED_INDEX, contents, settings=self.identity)

    def _shard(self, number: int) -> Path:
        return self.out / f"{number:05d}.tar"

    def _report(self, *, already_done: bool) -> FolderReport:
        contents = load_contents(self.out / PACKED_INDEX)
        assert contents is not None  # written, or found, just before
        return FolderReport(
            folder=self.out,
            num_sources=len(set(contents.columns["source"].tolist())),
            num_clips=len(contents.columns["key"]),
            num_shards=len(contents.shards),
            num_bytes=sum(shard.size for shard in contents.shards),
            classes=contents.classes,
            rejects=contents.rejects,
            already_done=already_done,
            advice=() if already_done else advice(self.surveys, self.settings),
        )


def _fingerprint(sources: Sequence[Source]) -> str:
    """Names, sizes, parts and labels of the sources; not their dates, which copying changes."""
    digest = hashlib.sha256()
    for s in sources:
        files = frame_files(s) if s.path.is_dir() else [s.path]
        sizes = [path.stat().st_size if path.exists() else None for path in files]
        digest.update(json.dumps([s.name, sizes, s.start, s.stop, s.label]).encode())
    return digest.hexdigest()
