"""Work that a process group shares out without anyone being a pass ahead of the others."""

from collections.abc import Callable
from typing import TypeVar, cast

from pvvae import distributed
from pvvae.distributed.slots import teams_of

T = TypeVar("T")


def in_turns(count: int, work: Callable[[int], T], *, team: int) -> list[T]:
    """``work(0)`` to ``work(count - 1)``, in this order, on every process; a collective call.

    Every process works equally often, some once more for nothing: ZeRO 3 gathers weights in step.

    Args:
        count: at least 1.
        work: done for each number by one team, by all of its processes alike.
        team: processes that share each piece.
    """
    mine, teams = teams_of(team)
    done: dict[int, T] = {}
    for turn in range(-(-count // teams)):
        index = turn * teams + mine
        found = work(min(index, count - 1))
        if index < count:
            done[index] = found
    whole: dict[int, T] = {}
    for part in distributed.gather_objects(done):
        whole |= cast(dict[int, T], part)
    return [whole[index] for index in range(count)]
