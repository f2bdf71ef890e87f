from pathlib import Path
from statistics import fmean, pstdev

import pytest

from pvvae.training.monitoring.spikes import Spikes

QUIET = [1.0, 2.0, 3.0, 2.0]  # mean 2, deviation 0.5 ** 0.5
LIMIT = fmean(QUIET) + 6.0 * pstdev(QUIET)


def after(values: list[float], *, window: int = 4) -> Spikes:
    spikes = Spikes(window=window, sigma=6.0)
    for value in values:
        assert spikes.look({"mse": value}) == []
    return spikes


def test_a_value_spikes_above_six_deviations_and_not_at_them():
    assert after(QUIET).look({"mse": LIMIT}) == []
    assert after(QUIET).look({"mse": LIMIT + 1e-9}) == ["mse"]
    assert after(QUIET).look({"mse": -100.0}) == []  # downwards is no trouble


def test_nothing_spikes_before_the_window_is_full():
    assert after(QUIET[:3]).look({"mse": 1e9}) == []


def test_a_series_that_stands_still_has_no_spikes():
    assert after([0.0] * 4).look({"mse": 1.0}) == []


def test_a_new_level_is_the_usual_one_soon():
    spikes = after(QUIET)
    assert [spikes.look({"mse": 100.0}) for _ in range(3)] == [["mse"], [], []]


def test_only_the_window_counts():
    spikes = after([1000.0, 0.0, *QUIET])
    assert spikes.look({"mse": LIMIT + 1e-9}) == ["mse"]


def test_every_series_is_by_itself_and_begins_when_it_begins():
    spikes = Spikes(window=4, sigma=6.0)
    for value in QUIET:
        spikes.look({"b": value, "a": value})
    assert spikes.look({"b": 1e9, "a": 1e9, "new": 1e9}) == ["a", "b"]


def test_it_goes_on_from_a_checkpoint_as_if_never_cut(tmp_path: Path):
    values = [0.1, 0.3, 1 / 3, 0.2, 9.0, 0.1, 70.0, 0.7]
    whole = Spikes(window=3, sigma=1.2)
    expected = [whole.look({"mse": value}) for value in values]
    assert ["mse"] in expected
    first = Spikes(window=3, sigma=1.2)
    found = [first.look({"mse": value}) for value in values[:5]]
    write = first.snapshot()
    first.look({"mse": 1e9})  # after the copy: of no consequence
    assert write(tmp_path) == [tmp_path / "spikes.json"]
    second = Spikes(window=3, sigma=1.2)
    second.load(tmp_path)
    found += [second.look({"mse": value}) for value in values[5:]]
    assert found == expected


@pytest.mark.parametrize("known", [[], QUIET])
def test_a_checkpoint_without_a_past_begins_anew(known: list[float], tmp_path: Path):
    spikes = after(known)
    spikes.load(tmp_path)
    assert spikes.look({"mse": 1e9}) == []
