import json
from pathlib import Path

import numpy as np
import pytest
import webdataset
from webdataset import TarWriter

from pvvae.data.packing.pack import pack
from pvvae.data.shards.index import ShardIndex, check_shards, require_size
from pvvae.errors import ConfigError


@pytest.fixture
def foreign(tmp_path: Path, dataset: Path, image: Path) -> Path:
    """Shards as other programs write them: files, captions, labels."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    video = (dataset / "cats" / "a.mp4").read_bytes()
    with TarWriter(str(folder / "00000.tar")) as tar:
        tar.write({"__key__": "000000000", "mp4": video, "txt": "a cat", "cls": 1})
        tar.write({"__key__": "000000001", "txt": "its video is gone"})
    with TarWriter(str(folder / "00001.tar")) as tar:
        array = np.zeros((7, 8, 9, 3), np.uint8)
        tar.write({"__key__": "x/b", "npy": array, "json": {"source": "film"}, "cls": 0})
        tar.write({"__key__": "x/c.d", "png": image.read_bytes(), "cls": 2})
    return folder


def test_foreign_shards_are_indexed_by_scanning_them(foreign, dataset, image):
    index = ShardIndex.open(foreign)
    assert [index.sample(i).key for i in range(len(index))] == ["000000000", "x/b", "x/c"]
    assert [index.sample(i).extension for i in range(2)] == ["mp4", "npy"]
    assert index.column("frames").tolist() == [0, 7, 1]
    assert (index.sample(1).height, index.sample(1).width, index.sample(1).source) == (8, 9, "film")
    assert index.classes == ("0", "1", "2")
    assert index.column("label").tolist() == [1, 0, 2]
    assert index.read(0) == (dataset / "cats" / "a.mp4").read_bytes()
    assert [(r.source, r.reason) for r in index.rejects] == [
        ("000000001", "00000.tar has only txt for it")
    ]


def test_the_scan_is_kept_and_made_again_when_shards_change(foreign):
    first = ShardIndex.open(foreign)
    kept = (foreign / "index.pvvae.json").read_bytes()
    assert len(ShardIndex.open(foreign)) == len(first) == 3
    assert (foreign / "index.pvvae.json").read_bytes() == kept
    with TarWriter(str(foreign / "00002.tar")) as tar:
        tar.write({"__key__": "new", "npy": np.zeros((1, 8, 8, 3), np.uint8), "cls": 0})
    assert len(ShardIndex.open(foreign)) == 4


def test_an_index_of_another_program_is_not_mistaken_for_ours(foreign):
    (foreign / "index.json").write_text(json.dumps({"version": 2, "shards": []}))
    assert len(ShardIndex.open(foreign)) == 3


def test_names_in_json_are_classes_if_every_sample_has_one(tmp_path):
    array = np.zeros((1, 8, 8, 3), np.uint8)
    for labels, classes, numbers in (
        (("dog", "cat"), ("cat", "dog"), [1, 0]),
        (("dog", None), (), [-1, -1]),
    ):
        folder = tmp_path / str(labels)
        folder.mkdir()
        with TarWriter(str(folder / "0.tar")) as tar:
            for i, label in enumerate(labels):
                tar.write({"__key__": str(i), "npy": array, "json": {"label": label}})
        index = ShardIndex.open(folder)
        assert index.classes == classes
        assert index.column("label").tolist() == numbers


def test_our_shards_are_read_by_webdataset(dataset, tmp_path):
    pack(dataset, tmp_path / "out", short_side=32, shards=2)
    index = ShardIndex.open(tmp_path / "out")
    urls = [str(tmp_path / "out" / shard.name) for shard in index.shards]
    theirs = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).decode())
    assert [sample["__key__"] for sample in theirs] == [
        index.sample(i).key for i in range(len(index))
    ]
    assert theirs[0]["npy"].shape == (17, 32, 43, 3)
    assert theirs[0]["json"]["label"] == "cats"


def test_our_shards_without_their_index_are_still_usable(dataset, tmp_path):
    pack(dataset, tmp_path / "out", short_side=32, shards=2)
    packed = ShardIndex.open(tmp_path / "out")
    (tmp_path / "out" / "index.json").unlink()
    scanned = ShardIndex.open(tmp_path / "out")
    assert scanned.classes == packed.classes
    for name in ("key", "label", "offset", "size", "frames", "height", "width", "source"):
        assert np.array_equal(scanned.column(name), packed.column(name))


def test_a_shard_that_changed_since_it_was_packed_is_refused(dataset, tmp_path):
    pack(dataset, tmp_path / "out", short_side=32, shards=2)
    shard = tmp_path / "out" / "00001.tar"
    shard.write_bytes(shard.read_bytes()[:-512])
    with pytest.raises(ConfigError, match=r"00001.tar: missing, or not the size"):
        ShardIndex.open(tmp_path / "out")


def test_folders_without_shards_say_how_to_make_some(tmp_path):
    for folder, what in ((tmp_path, "has no"), (tmp_path / "none", "no such folder")):
        with pytest.raises(ConfigError, match=rf"{what}.* `pvvae data pack VIDEO_FOLDER"):
            ShardIndex.open(folder)


@pytest.mark.parametrize("damage", ["truncated", "compressed", "text"])
def test_a_broken_tar_is_refused_in_one_line(foreign, damage):
    path = foreign / "00001.tar"
    with TarWriter(str(foreign / "z.tar.gz"), compress=True) as tar:
        tar.write({"__key__": "a", "txt": "b"})
    packed = (foreign / "z.tar.gz").read_bytes()
    data = {"truncated": path.read_bytes()[:3000], "compressed": packed, "text": b"no tar" * 200}
    path.write_bytes(data[damage])
    with pytest.raises(ConfigError, match=rf"^{path}: [^\n]+$"):
        ShardIndex.open(foreign)


def test_there_must_be_a_shard_for_every_process(foreign):
    index = ShardIndex.open(foreign)
    check_shards(index, 2)
    with pytest.raises(ConfigError, match="2 shards for 3 processes; pack again with --shards 3"):
        check_shards(index, 3)


def test_samples_known_to_be_too_small_are_named(foreign):
    index = ShardIndex.open(foreign)
    require_size(index, frames=1, height=8, width=9)  # an unknown size is not a small one
    with pytest.raises(
        ConfigError, match=r"2 of 3 samples have too few frames: x/b \(film\) has 7"
    ):
        require_size(index, frames=17, height=8, width=8)
    with pytest.raises(ConfigError, match=r"x/b .* has 9, 10 are needed; .* --short-side 10"):
        require_size(index, frames=1, height=8, width=10)
