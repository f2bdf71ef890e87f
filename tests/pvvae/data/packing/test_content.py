from pathlib import Path

import pytest

from pvvae.data.packing.content import content_key, same_content
from pvvae.data.packing.pack import pack
from pvvae.data.packing.sources import Source
from pvvae.data.shards.index import ShardIndex
from pvvae.errors import ConfigError

SMALL = {"short_side": 32, "shards": 2, "clips_per_shard": 2}


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_the_same_content_is_on_one_side_whatever_it_is_called(dataset, tmp_path, fraction):
    for i in range(3):
        (dataset / "dogs" / f"copy{i}.mp4").write_bytes((dataset / "cats" / "a.mp4").read_bytes())
    report = pack(dataset, tmp_path / "out", **SMALL, held_out_fraction=fraction)
    copies = {"cats/a.mp4", "dogs/copy0.mp4", "dogs/copy1.mp4", "dogs/copy2.mp4"}
    sides = sources_of(tmp_path / "out")
    assert sum(bool(copies & side) for side in sides) == 1
    assert all(sides) and len(sides[0] | sides[1]) == 7
    assert report.notes == (f"same content: {', '.join(sorted(copies))}",)
    named = {name for name in copies if name != "cats/a.mp4"}
    pack(dataset, tmp_path / "named", **SMALL, held_out=["cats/a.mp4"])
    assert sources_of(tmp_path / "named")[1] == named | {"cats/a.mp4"}


def sources_of(out: Path) -> list[set[str]]:
    parts = (ShardIndex.open(out / name).column("source") for name in ("train", "held_out"))
    return [{name.decode() for name in part.tolist()} for part in parts]


def test_names_do_not_decide_the_side(dataset, tmp_path):
    def held() -> set[bytes]:
        return {(dataset / name).read_bytes() for name in sources_of(tmp_path / str(len(made)))[1]}

    made: list[object] = []
    pack(dataset, tmp_path / "0", **SMALL, held_out_fraction=0.5)
    before = held()
    for i, path in enumerate(sorted(dataset.rglob("*.mp4"))):
        path.rename(path.with_name(f"{9 - i}.mp4"))
    made.append(pack(dataset, tmp_path / "1", **SMALL, held_out_fraction=0.5))
    assert held() == before


def test_copies_of_one_video_cannot_be_held_out_of_it(tmp_path, make_video):
    data = make_video(tmp_path / "videos" / "0.mp4", frames=20).read_bytes()
    for i in range(1, 8):
        (tmp_path / "videos" / f"{i}.mp4").write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"all 8 videos are held out \(they have the same content"
    ):
        pack(tmp_path / "videos", tmp_path / "out", **SMALL, held_out_fraction=0.25)


def test_what_differs_only_in_the_middle_is_not_the_same(tmp_path):
    for name, middle in (("a", b"1"), ("b", b"2"), ("c", b"1")):
        (tmp_path / f"{name}.mp4").write_bytes(bytes(2**17) + middle + bytes(2**17))
    sources = [Source(path=tmp_path / f"{name}.mp4", name=name) for name in "abc"]
    keys = {source.name: content_key(source) for source in sources}
    assert len(set(keys.values())) == 1
    assert same_content(sources, keys) == [("a", "c")]
