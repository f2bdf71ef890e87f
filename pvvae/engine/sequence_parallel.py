"""Teams: consecutive processes that compute one clip together, each a part of its tokens.

What all of a team hold whole has the same gradient on each of them: the true one. What a process
computes with its own tokens has a part of a gradient, times the size of the team; the mean over
processes, which ZeRO takes of all gradients, is then the true one, for parameters on either side.
Hence the factors in the backward passes of :class:`_Split` and :class:`_Gather`.
"""

from typing import Any, Protocol

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from arch.interface import Shareable, TokenGroup
from pvvae.engine.processes import TIMEOUT


class Team(Protocol):
    """What one process can ask of those that it shares clips with; collective calls."""

    size: int
    rank: int
    """Rank of this process within its team."""

    def gather(self, x: Tensor) -> list[Tensor]:
        """Everybody's ``x``, by rank."""

    def deal(self, parts: Tensor) -> Tensor:
        """The part that each process has for this one, by rank; ``parts`` (P, ...) are for all."""


class ProcessTeam:
    """Consecutive processes of the process group."""

    def __init__(self, size: int) -> None:
        """Form all teams, for that is what torch asks of every process; a collective call."""
        teams = dist.new_subgroups(size, timeout=TIMEOUT)  # type: ignore[no-untyped-call]
        self._group: dist.ProcessGroup = teams[0]
        self.size, self.rank = size, self._group.rank()

    def gather(self, x: Tensor) -> list[Tensor]:
        x = x.contiguous()
        found = [torch.empty_like(x) for _ in range(self.size)]
        dist.all_gather(found, x, group=self._group)
        return found

    def deal(self, parts: Tensor) -> Tensor:
        found = torch.empty_like(parts)
        dist.all_to_all_single(found, parts, group=self._group)
        return found


class AbsentTeam:
    """Others that are not there, to count one process's work and memory: shapes are right."""

    rank = 0

    def __init__(self, size: int) -> None:
        self.size = size

    def gather(self, x: Tensor) -> list[Tensor]:
        return [torch.empty_like(x) for _ in range(self.size)]

    def deal(self, parts: Tensor) -> Tensor:
        return torch.empty_like(parts)


def share_clips(network: Shareable, *, team: int, absent: bool = False) -> None:
    """Let each ``team`` consecutive processes compute clips together; a collective call.

    Args:
        network: before an engine shards it.
        team: 1 changes nothing.
        absent: this process is one of such a team, but alone: a rehearsal.

    Raises:
        ValueError: if the network cannot.
    """
    if team > 1:
        network.share(TeamTokens(AbsentTeam(team) if absent else ProcessTeam(team)))


class TeamTokens(TokenGroup):
    """Tokens shared by a team, whose processes must make the same calls in the same order."""

    def __init__(self, team: Team) -> None:
        self.processes, self._team = team.size, team

    def split(self, x: Tensor, *, dim: int) -> Tensor:
        part: Tensor = _Split.apply(self._padded(x, dim), dim, self._team)  # type: ignore[no-untyped-call]
        return part

    def gather(self, x: Tensor, *, dim: int, length: int) -> Tensor:
        whole: Tensor = _Gather.apply(x, dim, self._team)  # type: ignore[no-untyped-call]
        return whole.narrow(dim, 0, length)

    def exchange(self, x: Tensor, *, whole: int, length: int, split: int) -> Tensor:
        moved: Tensor = _Exchange.apply(self._padded(x, split), whole, split, self._team)  # type: ignore[no-untyped-call]
        return moved.narrow(whole, 0, length)

    def _padded(self, x: Tensor, dim: int) -> Tensor:
        """``x`` with zeros at the end of ``dim``, so that it divides."""
        missing = -x.shape[dim] % self.processes
        return F.pad(x, [0, 0] * (x.ndim - 1 - dim) + [0, missing]) if missing else x


class _Split(torch.autograd.Function):
    """Own part forth, the whole gradient back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int, team: Team) -> Tensor:
        ctx.dim, ctx.team = dim, team
        return _own(x, dim, team)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return torch.cat(ctx.team.gather(grad), ctx.dim) / ctx.team.size, None, None


class _Gather(torch.autograd.Function):
    """The whole forth, own part of the gradient back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int, team: Team) -> Tensor:
        ctx.dim, ctx.team = dim, team
        return torch.cat(team.gather(x), dim)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _own(grad, ctx.dim, ctx.team) * ctx.team.size, None, None


class _Exchange(torch.autograd.Function):
    """Parts along ``whole`` become parts along ``split``; gradients go the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, whole: int, split: int, team: Team) -> Tensor:
        ctx.whole, ctx.split, ctx.team = whole, split, team
        return _exchange(x, whole, split, team)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        return _exchange(grad, ctx.split, ctx.whole, ctx.team), None, None, None


def _own(x: Tensor, dim: int, team: Team) -> Tensor:
    """A copy, so that the whole may be freed."""
    return x.chunk(team.size, dim)[team.rank].clone()


def _exchange(x: Tensor, whole: int, split: int, team: Team) -> Tensor:
    parts = torch.stack(x.chunk(team.size, split))  # (P, ...), the first for the first process
    return torch.cat(team.deal(parts).unbind(), whole)
