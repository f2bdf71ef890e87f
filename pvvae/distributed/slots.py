"""The parts of a step, and which of them are whose.

A slot belongs to a team: to one process, or to as many as share each clip (``sequence_parallel``).
"""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from torch import Tensor

from arch.interface import Shareable
from pvvae import distributed
from pvvae.errors import ConfigError


def process_slots(slots: int, *, team: int) -> range:
    """The slots of this process's team; they have been checked."""
    mine, teams = teams_of(team)
    return range(mine, slots, teams)


def teams_of(team: int) -> tuple[int, int]:
    """Which team this process is in, and how many there are, of ``team`` processes each."""
    return distributed.rank() // team, distributed.world_size() // team


def check_slots(slots: int, processes: int, *, key: str, team: int) -> int:
    """Refuse slots that cannot be shared out evenly.

    Args:
        slots: of a step.
        processes: in all.
        key: the config's, of ``slots``.
        team: processes that share a slot.

    Returns:
        The number of teams.

    Raises:
        ConfigError: naming the key.
    """
    teams = check_teams(processes, team=team)
    if slots % teams:
        who = f"{teams} teams of {team} processes" if team > 1 else f"{processes} processes"
        fitting = [n * team for n in _divisors(slots)]
        raise ConfigError(
            f"{key}: {slots} slots cannot be shared evenly by {who}; use "
            f"{_either(fitting)} processes, or a multiple of {teams} slots"
        )
    return teams


def check_teams(processes: int, *, team: int) -> int:
    """Refuse processes that cannot be parted into teams; how many teams they are.

    Raises:
        ConfigError: naming ``sequence_parallel``.
    """
    if processes % team:
        who = f"{processes} processes" if processes > 1 else "one process"
        raise ConfigError(
            f"sequence_parallel: {who} cannot be parted into teams of {team}; "
            f"use {_either(_divisors(processes))}, or a multiple of {team} processes"
        )
    return processes // team


def check_sharing(network: Shareable, *, team: int) -> None:
    """Refuse teams that cannot compute the network's clips together.

    Raises:
        ConfigError: naming ``sequence_parallel``.
    """
    try:
        network.check_sharing(team)
    except ValueError as error:
        raise ConfigError(f"sequence_parallel: {error}") from None


def once(values: Mapping[str, Tensor], *, team: int) -> dict[str, Tensor]:
    """Divide by the team size, so that a sum over processes counts each team once."""
    return {name: value / team for name, value in values.items()}


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]


def _either(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))


T = TypeVar("T")


def map_over_teams(count: int, work: Callable[[int], T], *, team: int) -> list[T]:
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
