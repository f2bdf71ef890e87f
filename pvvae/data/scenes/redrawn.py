"""Scenes drawn anew from what their shards say, so that all of their truth is at hand again."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.data.scenes.pictures import Pictures, packaged_pictures, pictures_in
from pvvae.data.scenes.scene import Scene, draw_scene
from pvvae.data.scenes.settings import SceneSettings
from pvvae.data.scenes.shards import VERSION
from pvvae.data.shards.index import PACKED_INDEX
from pvvae.data.shards.samples import read_index


@dataclass(frozen=True)
class SceneShards:
    """Where a folder of shards came from."""

    settings: SceneSettings
    pictures: Pictures

    def scene(self, source: str, *, frames: int) -> Scene:
        """The scene that a clip of these shards is of, as long as is asked for.

        Args:
            source: of the clip, ``scene SEED/INDEX``.
            frames: of the scene; its first ones do not depend on their number.
        """
        found = re.fullmatch(r"scene (\d+)/(\d+)", source)
        assert found is not None  # these shards were made by write_scenes
        settings = replace(self.settings, frames=frames)
        return draw_scene(settings, seed=int(found[1]), index=int(found[2]), pictures=self.pictures)


def scene_shards(folder: Path, *, pictures: Path | None = None) -> SceneShards | str:
    """What ``pvvae data scenes`` made, or a part of it; otherwise why it is not known here.

    Args:
        folder: of the shards.
        pictures: folder of those that the scenes were made of; None are the packaged ones.

    Raises:
        ConfigError: if the index is damaged, or ``pictures`` holds none.
    """
    settings = _settings(folder)
    while settings is not None and "subset" in settings:
        folder = Path(str(settings["subset"].get("source")))
        settings = _settings(folder)
    if settings is None or "scenes" not in settings:
        return "these clips are no scenes with known motion"
    if settings["scenes"] != VERSION:
        return "another version drew these scenes"
    known = packaged_pictures() if pictures is None else pictures_in(pictures)
    if settings.get("pictures") != known.digest:
        which = "the packaged ones" if pictures is None else f"those of {pictures}"
        return f"these scenes are made of pictures that are not {which}"
    return SceneShards(codec.decode(SceneSettings, settings["settings"], f"{folder}"), known)


def _settings(folder: Path) -> dict[str, Any] | None:
    index = read_index(folder / PACKED_INDEX)
    return None if index is None else index["settings"]
