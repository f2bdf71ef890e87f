"""A few scenes as shards, and two small VAEs as folders."""

from pathlib import Path

import pytest
import torch

from pvvae.box import write_box
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.scenes.shards import SceneSet, write_scenes
from tests.small_box import packed_vae


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scenes of 9 x 32 x 32, two of each kind."""
    folder = tmp_path_factory.mktemp("scenes") / "shards"
    settings = SceneSettings(height=32, width=32, frames=9, texel=4.0)
    scenes = SceneSet(settings=settings, clips=10, seed=5, shards=1)
    write_scenes(folder, scenes, pictures=packaged_pictures())
    return folder


@pytest.fixture(scope="session")
def vaes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a VAE ``one``, and ``two`` with other weights."""
    folder = tmp_path_factory.mktemp("vaes")
    one, two = packed_vae("one"), packed_vae("two", twin_of="one")
    with torch.no_grad():
        for parameter in two.vae.parameters():
            parameter.mul_(1.5)
    write_box(folder, vaes={"one": one, "two": two}, lattes={}, card="# Two\n")
    return folder
