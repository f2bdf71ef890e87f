"""Slots are shared out over teams of processes, each slot once."""

import pytest
import torch

from arch.interface import Shareable
from pvvae import distributed
from pvvae.distributed.slots import (
    check_sharing,
    check_slots,
    map_over_teams,
    once,
    process_slots,
    teams_of,
)
from pvvae.errors import ConfigError


def test_alone_everything_is_done_once_in_order():
    asked = []
    assert map_over_teams(3, lambda i: asked.append(i) or 10 * i, team=1) == [0, 10, 20]
    assert asked == [0, 1, 2]


@pytest.mark.parametrize(("rank", "asked", "own"), [(0, [0, 2], {0, 2}), (1, [1, 2], {1})])
def test_every_process_works_equally_often_and_gives_what_is_its_own(rank, asked, own, monkeypatch):
    parts = [{0: 0, 2: 20}, {1: 10}]

    def gathered(mine: dict[int, int]) -> list[object]:
        assert mine.keys() == own
        parts[rank] = mine
        return parts

    monkeypatch.setattr(distributed, "rank", lambda: rank)
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    monkeypatch.setattr(distributed, "gather_objects", gathered)
    worked = []
    assert map_over_teams(3, lambda i: worked.append(i) or 10 * i, team=1) == [0, 10, 20]
    assert worked == asked


@pytest.mark.parametrize("team", [1, 2, 4])
def test_every_team_has_its_own_slots_and_all_of_a_team_the_same(team, monkeypatch):
    monkeypatch.setattr(distributed, "world_size", lambda: 4)
    found = []
    for rank in range(4):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        assert teams_of(team) == (rank // team, 4 // team)
        found.append(list(process_slots(8, team=team)))
    assert all(found[rank] == found[rank // team * team] for rank in range(4))
    assert sorted(slot for slots in found[::team] for slot in slots) == list(range(8))


def test_the_number_of_teams():
    assert check_slots(8, 4, key="slots", team=1) == 4
    assert check_slots(2, 8, key="slots", team=4) == 2


@pytest.mark.parametrize(
    ("slots", "processes", "team", "line"),
    [
        (
            16,
            6,
            4,
            "sequence_parallel: 6 processes cannot be parted into teams of 4; "
            "use 1 or 2 or 3 or 6, or a multiple of 4 processes",
        ),
        (
            2,
            1,
            2,
            "sequence_parallel: one process cannot be parted into teams of 2; "
            "use 1, or a multiple of 2 processes",
        ),
        (
            2,
            8,
            2,
            "slots: 2 slots cannot be shared evenly by 4 teams of 2 processes; "
            "use 2 or 4 processes, or a multiple of 4 slots",
        ),
        (
            4,
            3,
            1,
            "slots: 4 slots cannot be shared evenly by 3 processes; "
            "use 1 or 2 or 4 processes, or a multiple of 3 slots",
        ),
    ],
)
def test_what_cannot_be_shared_out(slots, processes, team, line):
    with pytest.raises(ConfigError) as error:
        check_slots(slots, processes, key="slots", team=team)
    assert str(error.value) == line


def test_a_network_that_cannot_share_its_clips():
    check_sharing(Shareable(), team=1)
    with pytest.raises(ConfigError, match=r"^sequence_parallel: Shareable cannot share a clip"):
        check_sharing(Shareable(), team=2)


def test_a_sum_over_a_team_counts_its_values_once():
    values = {"mse": torch.tensor(3.0), "clips": torch.tensor(2.0)}
    parts = once(values, team=4)
    assert {name: float(4 * part) for name, part in parts.items()} == {"mse": 3.0, "clips": 2.0}
