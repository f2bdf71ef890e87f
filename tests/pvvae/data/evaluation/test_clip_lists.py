from pathlib import Path

import pytest

from pvvae.data.evaluation.clip_lists import read_clip_list
from pvvae.errors import ConfigError

HEADER = "label,youtube_id,time_start,time_end,split\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "path,label\nb/two words.mp4,1\na.mp4,0\n"),
        ("a.csv", "a.mp4,0\nb/two words.mp4,1\n"),
        ("a.csv", "a.mp4 0\nb/two words.mp4 1\n"),
        ("a.txt", "a.mp4 0\n\nb/two words.mp4 1\n"),
        ("a.jsonl", '{"path": "b/two words.mp4", "label": 1}\n{"path": "a.mp4", "label": 0}\n'),
    ],
)
def test_lists_of_paths(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert [(s.name, s.path, s.label) for s in read_clip_list(tmp_path / name)] == [
        ("a.mp4", tmp_path / "a.mp4", "0"),
        ("b/two words.mp4", tmp_path / "b/two words.mp4", "1"),
    ]


def test_a_list_without_labels(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo words.mp4")
    assert [s.label for s in read_clip_list(tmp_path / "a.txt")] == [None, None]


def test_ucf101s_lists_lie_beside_its_folder(tmp_path: Path) -> None:
    video = tmp_path / "UCF-101" / "Archery" / "v_Archery_g01_c01.avi"
    listing = tmp_path / "ucfTrainTestlist" / "trainlist01.txt"
    for path in (video, listing):
        path.parent.mkdir(parents=True)
        path.write_text("Archery/v_Archery_g01_c01.avi 3\nArchery/gone.avi 3\n")
    gone, there = read_clip_list(listing)
    assert (there.path, there.label) == (video, "3")
    assert gone.path == listing.parent / "Archery/gone.avi"


@pytest.mark.parametrize("place", ["x", "val", "air drumming", "val/air_drumming", "../val"])
def test_kinetics_files_are_found_where_its_downloaders_put_them(
    place: str, tmp_path: Path
) -> None:
    listing = tmp_path / "k400" / "annotations" / "val.csv"
    folder = listing.parent / ("" if place == "x" else place)
    listing.parent.mkdir(parents=True)
    listing.write_text(HEADER + "air drumming,-Ab_c,3,13,val\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "-Ab_c_000003_000013.mp4").write_bytes(b"")
    (source,) = read_clip_list(listing)
    assert source.path.is_file()
    assert (source.name, source.label) == ("-Ab_c_000003_000013.mp4", "air drumming")


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("a.csv", "a.mp4,0,1\n", "a.csv:1: a list has the columns path and label"),
        ("a.csv", "label,path\n0,\n", "a.csv:2: has no path"),
        ("a.csv", HEADER + "x,id,,10,val\n", "id has no time_start and time_end"),
        ("a.jsonl", '{"path": 3}', "a.jsonl:1: must be an object with a path"),
        ("a.jsonl", "{", "a.jsonl:1: not JSON"),
        ("a.txt", "a.mp4\na.mp4\n", "lists a.mp4 twice"),
        ("a.txt", "\n", "lists no clips"),
    ],
)
def test_a_list_that_cannot_be_understood(name: str, text: str, right: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=right):
        read_clip_list(tmp_path / name)


def test_what_is_neither_folder_nor_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such list of clips, and no such folder"):
        read_clip_list(tmp_path / "gone")
    (tmp_path / "a.mp4").write_bytes(bytes(range(128, 256)))
    with pytest.raises(ConfigError, match="it is not text"):
        read_clip_list(tmp_path / "a.mp4")
