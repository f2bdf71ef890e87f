"""Folders of shards put together are all their samples, under one index."""

from pathlib import Path

import numpy as np
import pytest

from pvvae.data.packing.pack import pack
from pvvae.data.shards.index import ShardIndex
from pvvae.data.shards.join import join_shards
from pvvae.errors import ConfigError
from tests.pvvae.data.conftest import MakeVideo


@pytest.fixture
def shards(tmp_path: Path, dataset: Path) -> Path:
    """Six clips in three shards."""
    pack(dataset, tmp_path / "shards", short_side=32, shards=3)
    return tmp_path / "shards"


def test_every_sample_is_there_as_often_as_its_folder_is_named(shards: Path) -> None:
    out = shards.parent / "both"
    assert join_shards([shards, shards], out) == 12
    one, both = ShardIndex.open(shards), ShardIndex.open(out)
    assert (len(both), both.num_shards, both.classes) == (12, 6, one.classes)
    assert len(set(both.column("key").tolist())) == 12
    for half in range(2):
        part = slice(6 * half, 6 * half + 6)
        assert np.array_equal(both.column("label")[part], one.column("label"))
        assert [both.read(i) for i in range(12)[part]] == [one.read(i) for i in range(6)]


def test_given_again_nothing_changes_and_something_else_is_refused(shards: Path) -> None:
    out = shards.parent / "both"
    join_shards([shards], out)
    before = (out / "index.json").read_bytes()
    assert join_shards([shards], out) == 6
    assert (out / "index.json").read_bytes() == before
    with pytest.raises(ConfigError, match="both: holds something else"):
        join_shards([shards, shards], out)


def test_a_folder_is_not_joined_into_itself(shards: Path) -> None:
    with pytest.raises(ConfigError, match="is one of the sources"):
        join_shards([shards], shards)


def test_beside_a_folder_without_classes_no_label_counts(
    shards: Path, tmp_path: Path, make_video: MakeVideo
) -> None:
    make_video(tmp_path / "flat/a.mp4", frames=20)
    pack(tmp_path / "flat", tmp_path / "plain", short_side=32, shards=1)
    assert join_shards([shards, tmp_path / "plain"], tmp_path / "both") == 7
    both = ShardIndex.open(tmp_path / "both")
    assert both.classes == ()
    assert set(both.column("label").tolist()) == {-1}
