"""Teams: consecutive processes that compute one clip together, each a part of its tokens.

What all of a team hold whole has the same gradient on each of them: the true one. What a process
computes with its own tokens has a part of a gradient, times the size of the team; the mean over
processes, which ZeRO takes of all gradients, is then the true one, for parameters on either side.
Hence the factors in the backward passes of :class:`_Split` and :class:`_Gather`.
"""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from arch.interface import Shareable
from arch.layers.sequence import Sequence
from pvvae.engine.processes import TIMEOUT


def share_clips(network: Shareable, *, team: int) -> None:
    """Let each ``team`` consecutive processes compute clips together; a collective call.

    Raises:
        ValueError: if the network cannot.
    """
    if team > 1:
        network.share(TeamSequence(team))


class TeamSequence(Sequence):
    """Tokens shared by a team; its processes must make the same calls in the same order."""

    def __init__(self, processes: int) -> None:
        """Form all teams, for that is what torch asks of every process; a collective call."""
        self.processes = processes
        teams = dist.new_subgroups(processes, timeout=TIMEOUT)  # type: ignore[no-untyped-call]
        self._group: dist.ProcessGroup = teams[0]

    def split(self, x: Tensor, *, dim: int) -> Tensor:
        part: Tensor = _Split.apply(self._padded(x, dim), dim, self._group)  # type: ignore[no-untyped-call]
        return part

    def gather(self, x: Tensor, *, dim: int, length: int) -> Tensor:
        whole: Tensor = _Gather.apply(x, dim, self._group)  # type: ignore[no-untyped-call]
        return whole.narrow(dim, 0, length)

    def exchange(self, x: Tensor, *, whole: int, length: int, split: int) -> Tensor:
        moved: Tensor = _Exchange.apply(self._padded(x, split), whole, split, self._group)  # type: ignore[no-untyped-call]
        return moved.narrow(whole, 0, length)

    def _padded(self, x: Tensor, dim: int) -> Tensor:
        """With zeros at the end of ``dim``, so that it divides."""
        missing = -x.shape[dim] % self.processes
        return F.pad(x, [0, 0] * (x.ndim - 1 - dim) + [0, missing]) if missing else x


class _Split(torch.autograd.Function):
    """Own part forth, the whole gradient back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int, group: dist.ProcessGroup) -> Tensor:
        ctx.dim, ctx.group = dim, group
        return _own(x, dim, group)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _whole(grad, ctx.dim, ctx.group) / ctx.group.size(), None, None


class _Gather(torch.autograd.Function):
    """The whole forth, own part of the gradient back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int, group: dist.ProcessGroup) -> Tensor:
        ctx.dim, ctx.group = dim, group
        return _whole(x, dim, group)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return _own(grad, ctx.dim, ctx.group) * ctx.group.size(), None, None


class _Exchange(torch.autograd.Function):
    """Parts along ``whole`` become parts along ``split``; gradients go the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, whole: int, split: int, group: dist.ProcessGroup) -> Tensor:
        ctx.whole, ctx.split, ctx.group = whole, split, group
        return _all_to_all(x, whole, split, group)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        return _all_to_all(grad, ctx.split, ctx.whole, ctx.group), None, None, None


def _own(x: Tensor, dim: int, group: dist.ProcessGroup) -> Tensor:
    """A copy, so that the whole may be freed."""
    return x.chunk(group.size(), dim)[group.rank()].clone()


def _whole(x: Tensor, dim: int, group: dist.ProcessGroup) -> Tensor:
    x = x.contiguous()
    parts = [torch.empty_like(x) for _ in range(group.size())]
    dist.all_gather(parts, x, group=group)
    return torch.cat(parts, dim)


def _all_to_all(x: Tensor, whole: int, split: int, group: dist.ProcessGroup) -> Tensor:
    sent = torch.stack(x.chunk(group.size(), split))  # (P, ...), the first for the first process
    received = torch.empty_like(sent)
    dist.all_to_all_single(received, sent, group=group)
    return torch.cat(received.unbind(), whole)
