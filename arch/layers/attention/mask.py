"""What a query sees: always one interval of keys, which every kernel can be told in its own way."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor


class Interval(NamedTuple):
    """``queries`` consecutive queries that all see the keys from ``begin`` up to ``end``."""

    queries: int
    begin: int
    end: int


@dataclass(frozen=True)
class IntervalMask:
    """Runs of queries, one after the other, the same in every clip of the batch."""

    runs: tuple[Interval, ...]
    keys: int
    """All keys, seen or not."""

    @classmethod
    def block_causal(
        cls, groups: int, *, size: int, window: int | None, before: int = 0
    ) -> "IntervalMask":
        """The last ``groups`` groups of ``size`` tokens, each seeing itself and what came before.

        Args:
            groups: those that ask.
            size: tokens of a group.
            window: how many groups one sees, its own included; None is all of them.
            before: groups that are only looked at.
        """
        ends = [(before + group + 1) * size for group in range(groups)]
        seen = [end if window is None else min(window * size, end) for end in ends]
        runs = tuple(Interval(size, end - n, end) for end, n in zip(ends, seen, strict=True))
        return cls(runs, keys=ends[-1])

    @classmethod
    def packed(cls, clips: Iterable["IntervalMask"]) -> "IntervalMask":
        """Clips one after the other that do not see each other."""
        runs, keys = [], 0
        for clip in clips:
            runs += [Interval(n, keys + begin, keys + end) for n, begin, end in clip.runs]
            keys += clip.keys
        return cls(tuple(runs), keys)

    @property
    def apart(self) -> bool:
        """Whether no two runs see the same key."""
        return all(one.end <= two.begin for one, two in zip(self.runs, self.runs[1:], strict=False))

    @property
    def queries(self) -> list[int]:
        """Number of queries of each run."""
        return [run.queries for run in self.runs]

    @property
    def starts(self) -> list[int]:
        """First query of each run."""
        return list(accumulate(self.queries[:-1], initial=0))

    def bounds(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """First key that each query sees and the first beyond them, both (1, queries)."""
        lengths, begin, end = torch.tensor(self.runs, device=device).unbind(1)
        return begin.repeat_interleave(lengths)[None], end.repeat_interleave(lengths)[None]


@dataclass(frozen=True, eq=False)
class PrefixMask:
    """All queries of a clip see its first keys, of each clip another number."""

    seen: Tensor
    """(B,) how many."""

    dense: Tensor
    """Boolean (B, 1, 1, keys): True where a query may look."""

    @classmethod
    def of(cls, seen: Tensor, *, keys: int) -> "PrefixMask":
        """Let each clip see its first ``seen`` keys; the mask is written once, for all layers."""
        index = torch.arange(keys, device=seen.device)
        return cls(seen, (index < seen[:, None])[:, None, None])

    @property
    def keys(self) -> int:
        """All keys of a clip."""
        return self.dense.shape[-1]

    def bounds(self, queries: int) -> tuple[Tensor, Tensor]:
        """First key that each query sees and the first beyond them, both (B, queries)."""
        end = self.seen[:, None].expand(-1, queries)
        return torch.zeros_like(end), end

    def in_a_row(self, queries: int) -> IntervalMask:
        """This mask for clips laid one after the other, each with ``queries`` queries."""
        return IntervalMask.packed(
            IntervalMask((Interval(queries, 0, seen),), self.keys) for seen in self._counts
        )

    @cached_property
    def _counts(self) -> list[int]:
        """``seen`` as Python numbers: read from the device once, not in each block."""
        counts: list[int] = self.seen.tolist()
        return counts


Mask = IntervalMask | PrefixMask | None
"""None: every query sees every key."""
