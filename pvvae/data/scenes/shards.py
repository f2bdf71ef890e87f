"""Scenes as shards like those of ``pvvae data pack``, and what is true of them if wanted."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arch.ranges import Count, Seed
from pvvae.config import check_ranges, differences
from pvvae.config.reading import file_digest, read_object
from pvvae.data.scenes.ground_truth import truth_of
from pvvae.data.scenes.pictures import Pictures
from pvvae.data.scenes.scene import Scene, draw_scene
from pvvae.data.scenes.settings import SceneSettings
from pvvae.data.shards import tars
from pvvae.data.shards.index import PACKED_INDEX
from pvvae.data.shards.samples import (
    Contents,
    Sample,
    Shard,
    check_no_other_index,
    columns_of,
    read_index,
    save_contents,
)
from pvvae.errors import ConfigError
from pvvae.files import write_json

UNFINISHED = ".scenes.json"
"""What is being made, while a folder is incomplete."""
TRUTH = "truth.npz"
"""Extension of what is true of a clip, beside its ``npy``."""
VERSION = 1
"""Version of the drawing code: another version makes other scenes of the same seed."""


@dataclass(frozen=True, kw_only=True)
class SceneSet:
    """Scenes 0 .. clips - 1 of a seed."""

    settings: SceneSettings
    clips: Count
    seed: Seed
    truth: bool = False
    """Whether flow, occlusion and tracks are written too: six times the bytes."""
    shards: Count = 16
    """Fewest tars, if there are as many clips; one for each of the paper's 16 processes."""
    clips_per_shard: Count = 256
    """Most clips in a tar, as when videos are packed."""

    def __post_init__(self) -> None:
        check_ranges(self)

    def parts(self) -> list[range]:
        """Which scenes are in which shard."""
        count = self.clips
        shards = max(-(-count // self.clips_per_shard), min(self.shards, count))
        return [range(i * count // shards, (i + 1) * count // shards) for i in range(shards)]


def write_scenes(
    out: Path,
    scenes: SceneSet,
    *,
    pictures: Pictures,
    on_progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Make what is not there yet; killed at any point, the same call goes on. Bytes on disk.

    Args:
        out: the folder of shards.
        scenes: which.
        pictures: what they are made of.
        on_progress: called with the number of scenes that are done.

    Raises:
        ConfigError: if ``out`` holds something else, or cannot be written.
    """
    plain = json.loads(json.dumps(asdict(scenes)))  # as it will be read
    identity = {"scenes": VERSION, "pictures": pictures.digest} | plain
    known = read_index(out / PACKED_INDEX)
    if known is not None:
        _check_same(out, known["settings"], identity)
    else:
        _begin(out, identity)
        _write(out, scenes, pictures, on_progress)
        _save_index(out, scenes, identity)
        (out / UNFINISHED).unlink(missing_ok=True)
    on_progress(scenes.clips)
    return sum(path.stat().st_size for path in tars.shard_files(out))


def _begin(out: Path, identity: dict[str, Any]) -> None:
    """Say what is being made, or go on with it."""
    path = out / UNFINISHED
    if path.exists():
        _check_same(out, read_object(path), identity)
        return
    check_no_other_index(out)
    if tars.shard_files(out):
        raise ConfigError(
            f"{out}: has shards that hold other things than scenes; choose another folder"
        )
    write_json(path, identity)


def _check_same(out: Path, there: dict[str, Any], identity: dict[str, Any]) -> None:
    changed = differences(there, identity)
    if changed:
        raise ConfigError(
            f"{out}: holds something else ({'; '.join(changed[:3])}); "
            "choose another folder or delete this one"
        )


def _write(
    out: Path, scenes: SceneSet, pictures: Pictures, on_progress: Callable[[int], None]
) -> None:
    def samples(part: range) -> Iterator[tuple[str, tars.Members]]:
        for index in part:
            yield f"{index:09d}", _members(scenes, index, pictures)
            on_progress(index + 1)

    for number, part in enumerate(scenes.parts()):
        path = out / f"{number:05d}.tar"
        if not path.exists():
            tars.write_tar(path, samples(part))
        on_progress(part.stop)


def _members(scenes: SceneSet, index: int, pictures: Pictures) -> dict[str, bytes]:
    scene = draw_scene(scenes.settings, seed=scenes.seed, index=index, pictures=pictures)
    file = io.BytesIO()
    np.save(file, scene.render(), allow_pickle=False)
    facts = {"label": scene.kind, "seed": scenes.seed, "index": index}
    members = {"npy": file.getvalue(), "json": json.dumps(facts, sort_keys=True).encode()}
    return members | (_truth(scene, scenes.seed, index) if scenes.truth else {})


def _truth(scene: Scene, seed: int, index: int) -> dict[str, bytes]:
    return {TRUTH: truth_of(scene, seed=seed, index=index).to_bytes()}


def _save_index(out: Path, scenes: SceneSet, identity: dict[str, Any]) -> None:
    settings, samples = scenes.settings, []
    paths = [out / f"{number:05d}.tar" for number in range(len(scenes.parts()))]
    for number, (path, part) in enumerate(zip(paths, scenes.parts(), strict=True)):
        members = tars.list_tar(path)
        if list(members) != [f"{index:09d}" for index in part]:
            raise ConfigError(f"{path}: not of these scenes; delete it and give the command again")
        for index, (key, extents) in zip(part, members.items(), strict=True):
            samples.append(
                Sample(
                    key=key,
                    shard=number,
                    extension="npy",
                    offset=extents["npy"].offset,
                    size=extents["npy"].size,
                    label=index % len(settings.kinds),
                    source=f"scene {scenes.seed}/{index}",
                    start=0,
                    frames=settings.frames,
                    height=settings.height,
                    width=settings.width,
                    fps=0.0,
                )
            )
    contents = Contents(
        shards=tuple(
            Shard(name=path.name, size=path.stat().st_size, sha256=file_digest(path))
            for path in paths
        ),
        classes=settings.kinds,
        columns=columns_of(samples),
    )
    save_contents(out / PACKED_INDEX, contents, settings=identity)
