from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pvvae.data.clips import held_out_clips
from pvvae.data.packing.pack import pack
from pvvae.data.shards.index import ShardIndex
from pvvae.data.shards.subset import lowest, make_subset
from pvvae.errors import ConfigError
from pvvae.files import write_atomic

KEYS = np.array([f"{i:05d}".encode() for i in range(1000)])
RECORDED = [3, 8, 10]


@pytest.fixture
def shards(tmp_path, dataset):
    """Six clips in three shards."""
    pack(dataset, tmp_path / "shards", short_side=32, shards=3)
    return tmp_path / "shards"


def keys(folder):
    return ShardIndex.open(folder).column("key").tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_each_subset_lies_within_each_larger_one(seed):
    parts = [Fraction(1, 1000), Fraction(1, 64), Fraction("0.11"), Fraction(1, 3), Fraction(1)]
    taken = [lowest(KEYS, fraction=part, seed=seed).tolist() for part in parts]
    assert [len(part) for part in taken] == [1, 15, 110, 333, 1000]
    for small, large in pairwise(taken):
        assert set(small) < set(large)


def test_which_samples_are_taken_stays_as_it_is():
    # Recorded: others would be other data under the same command.
    assert lowest(KEYS[:12], fraction=Fraction(1, 4), seed=0).tolist() == RECORDED


def test_keys_decide_and_not_their_places():
    taken = KEYS[lowest(KEYS, fraction=Fraction(1, 8), seed=0)]
    backwards = KEYS[::-1][lowest(KEYS[::-1], fraction=Fraction(1, 8), seed=0)]
    assert set(taken.tolist()) == set(backwards.tolist())
    assert lowest(KEYS, fraction=Fraction(1, 8), seed=1).tolist() != taken.tolist()


def test_a_subset_reads_as_the_shards_do_and_takes_no_room(tmp_path, shards):
    subset = make_subset(shards, tmp_path / "half", fraction=Fraction(1, 2), seed=0)
    assert (subset.unique_samples, subset.source_samples) == (3, 6)
    whole, half = ShardIndex.open(shards), ShardIndex.open(tmp_path / "half")
    places = lowest(whole.column("key"), fraction=Fraction(1, 2), seed=0)
    assert [half.sample(i) for i in range(3)] == [whole.sample(i) for i in places]
    assert [half.read(i) for i in range(3)] == [whole.read(i) for i in places]
    assert (half.classes, half.num_shards) == (whole.classes, 3)
    assert all((tmp_path / "half" / s.name).samefile(shards / s.name) for s in whole.shards)
    assert len(held_out_clips(tmp_path / "half", frames=17, height=32, width=32)) == 3


def test_half_of_a_half_is_the_quarter(tmp_path, shards):
    make_subset(shards, tmp_path / "two", fraction=Fraction(2, 3), seed=0)
    make_subset(tmp_path / "two", tmp_path / "one", fraction=Fraction(1, 2), seed=0)
    make_subset(shards, tmp_path / "third", fraction=Fraction(1, 3), seed=0)
    assert keys(tmp_path / "one") == keys(tmp_path / "third")


def test_given_again_it_is_the_same_and_another_is_refused(tmp_path, shards):
    out = tmp_path / "half"
    first = make_subset(shards, out, fraction=Fraction(1, 2), seed=0)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "index.json").unlink()  # as if it had been cut
    assert make_subset(shards, out, fraction=Fraction(1, 2), seed=0) == first
    assert make_subset(shards, out, fraction=Fraction(1, 2), seed=0) == first
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(ConfigError, match=r"holds something else \(subset.fraction: '1/2' != '1"):
        make_subset(shards, out, fraction=Fraction(1), seed=0)


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (Fraction(0), "--fraction: must be above 0 and at most 1, got 0"),
        (Fraction(-1, 2), "at most 1, got -1/2"),
        (Fraction(3, 2), "at most 1, got 3/2"),
        (Fraction(1, 7), "1/7 of 6 samples is none; the least is 1/6"),
    ],
)
def test_a_fraction_that_cannot_be_is_one_line(fraction, message, tmp_path, shards):
    with pytest.raises(ConfigError, match=message):
        make_subset(shards, tmp_path / "out", fraction=fraction, seed=0)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_taken_is_left_alone(tmp_path, shards):
    with pytest.raises(ConfigError, match="is the source; choose another folder"):
        make_subset(shards, shards, fraction=Fraction(1), seed=0)
    write_atomic(tmp_path / "other/00000.tar", lambda path: path.write_bytes(b"mine"))
    with pytest.raises(ConfigError, match=r"00000.tar: is in the way; choose another folder"):
        make_subset(shards, tmp_path / "other", fraction=Fraction(1), seed=0)
    assert (tmp_path / "other/00000.tar").read_bytes() == b"mine"


def test_a_subset_without_its_index_is_never_the_whole(tmp_path, shards):
    half = tmp_path / "half"
    make_subset(shards, half, fraction=Fraction(1, 2), seed=0)
    index = (half / "index.json").read_bytes()
    whole = (shards / "index.json").read_bytes()
    for other in (index[:-40], b"{}", b"[]", whole, None):
        (half / "index.json").unlink()
        if other is not None:
            (half / "index.json").write_bytes(other)
        with pytest.raises(ConfigError, match=r"^[^\n]*index\.json: [^\n]* again$"):
            ShardIndex.open(half)
        (half / "index.json").write_bytes(index)
    assert len(ShardIndex.open(half)) == 3
    (half / "subset.json").write_text("{")
    with pytest.raises(ConfigError, match=r"subset\.json: cannot be read; delete the folder"):
        ShardIndex.open(half)


def test_a_class_that_a_subset_lacks_has_no_clips(tmp_path, shards):
    make_subset(shards, tmp_path / "one", fraction=Fraction(1, 6), seed=0)
    index = ShardIndex.open(tmp_path / "one")
    assert index.classes == ("cats", "dogs")
    assert sorted(index.class_clips) == [0, 1]
