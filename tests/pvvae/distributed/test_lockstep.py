import pytest

from pvvae import distributed
from pvvae.distributed.lockstep import in_turns


def test_alone_everything_is_done_once_in_order():
    asked = []
    assert in_turns(3, lambda i: asked.append(i) or 10 * i, team=1) == [0, 10, 20]
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
    assert in_turns(3, lambda i: worked.append(i) or 10 * i, team=1) == [0, 10, 20]
    assert worked == asked
