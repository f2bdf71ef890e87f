import io
import json
import tarfile
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


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def npy(frames: int = 1) -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((frames, 8, 8, 3), np.uint8))
    return file.getvalue()


def labelled(folder: Path, labels: list[object]) -> ShardIndex:
    samples = {f"{i}.npy": npy() for i in range(len(labels))}
    facts = {f"{i}.json": json.dumps({"label": x}).encode() for i, x in enumerate(labels)}
    write_tar(folder / "0.tar", samples | facts)
    return ShardIndex.open(folder)


@pytest.mark.parametrize("prefix", ["", "./", "shots/"])
def test_what_a_mac_leaves_in_a_tar_is_no_sample(tmp_path, prefix):
    members = {".DS_Store": b"junk", "__MACOSX/._apple.npy": b"junk"}
    for name in ("apple", "bear", "cat"):
        members |= {
            f"{prefix}._{name}.npy": b"\0\5\26\7",
            f"{prefix}{name}.npy": npy(),
            f"{prefix}{name}.json": json.dumps({"label": name}).encode(),
        }
    write_tar(tmp_path / "data" / "0.tar", members)
    (tmp_path / "data" / "._0.tar").write_bytes(b"\0\5\26\7")
    index = ShardIndex.open(tmp_path / "data")
    assert index.column("key").tolist() == [
        f"{prefix}{n}".encode() for n in ("apple", "bear", "cat")
    ]
    assert index.classes == ("apple", "bear", "cat")
    assert (index.rejects, index.num_shards) == ((), 1)


def test_member_names_and_titles_may_be_no_utf8(tmp_path):
    title = b'{"label": "caf\xe9", "title": "Am\xe9lie"}'
    write_tar(tmp_path / "data" / "0.tar", {"caf\xe9.npy": npy(), "caf\xe9.json": title})
    for _ in range(2):  # scanned, then from the index that was kept
        index = ShardIndex.open(tmp_path / "data")
        assert index.sample(0).key == r"caf\xe9"
        assert index.classes == ("caf\ufffd",)
        index.sample(0).source.encode()


@pytest.mark.parametrize(
    ("labels", "classes", "numbers"),
    [
        ([1, 2, 3], ("1", "2", "3"), [0, 1, 2]),
        ([7, 0, 7, 3], ("0", "3", "7"), [2, 0, 2, 1]),
        ([-1, 10**11, 10**30], ("-1", "100000000000", str(10**30)), [0, 1, 2]),
        ([2.0, 1], ("1", "2"), [1, 0]),
        ([10, 9, "a"], ("9", "10", "a"), [1, 0, 2]),
    ],
)
def test_classes_are_the_labels_that_occur(tmp_path, labels, classes, numbers):
    index = labelled(tmp_path / "data", labels)
    assert (index.classes, index.column("label").tolist()) == (classes, numbers)
    assert 0 not in index.class_clips


@pytest.mark.parametrize("other", [None, [1], {"a": 1}, 0.5])
def test_labels_that_some_lack_are_not_lost_without_a_word(tmp_path, other):
    index = labelled(tmp_path / "data", ["cat", other, "dog"])
    assert index.classes == ()
    (reject,) = index.rejects
    assert (reject.source, reject.reason.partition(",")[0]) == ("1", "has no label")


@pytest.mark.parametrize("name", ["index.json", "index.pvvae.json"])
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"\xff\xfe",
        lambda data: b"[" * 100000,
        lambda data: data.replace(b"pvvae-shards-1", b"pvvae-shards-9"),
        lambda data: data.replace(b'"format"', b'"former"'),
        lambda data: data.replace(b'"samples": {', b'"samples": 3, "rest": {'),
        lambda data: data.replace(b'"key": [', b'"key": ["more", '),
        lambda data: data.replace(b'"offset": [', b'"offset": [{}, '),
        lambda data: data.replace(b'"shard": [', b'"shard": [9, ').replace(b", 2]", b"]"),
        lambda data: data.replace(b'"name": "0', b'"name": "../0'),
    ],
)
def test_an_index_that_cannot_be_read_is_an_error(dataset, tmp_path, name, change):
    folder = tmp_path / "out"
    pack(dataset, folder, short_side=32, shards=2)
    if name != "index.json":
        (folder / "index.json").unlink()
        ShardIndex.open(folder)
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    with pytest.raises(ConfigError, match=rf"^{folder / name}: [^\n]+; copy .* make it again$"):
        ShardIndex.open(folder)


def test_an_unfinished_pack_is_no_data_set(dataset, tmp_path):
    pack(dataset, tmp_path / "out", short_side=32, shards=2)
    (tmp_path / "out" / "index.json").rename(tmp_path / "out" / ".survey.jsonl")
    with pytest.raises(ConfigError, match="an unfinished pack; give the command"):
        ShardIndex.open(tmp_path / "out")


def test_a_scan_says_why(foreign, capsys):
    ShardIndex.open(foreign)
    assert "it was not indexed before; found 3 samples in 2 shards" in capsys.readouterr().err
    ShardIndex.open(foreign)
    assert capsys.readouterr().err == ""
    write_tar(foreign / "00002.tar", {"new.npy": npy(), "new.cls": b"0"})
    ShardIndex.open(foreign)
    assert "its shards are not those that were indexed" in capsys.readouterr().err
