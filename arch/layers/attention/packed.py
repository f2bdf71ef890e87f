"""Kernels that know no mask but the lengths of sequences packed one after the other."""

from abc import ABC, abstractmethod

import torch
from einops import rearrange
from torch import Tensor

from arch.layers.attention.call import Call
from arch.layers.attention.mask import IntervalMask, Mask, PrefixMask


class PackedKernel(ABC):
    """Tokens before heads: q (B, N, heads, D), k and v (B, M, heads, D)."""

    @abstractmethod
    def obstacle(self, call: Call) -> str | None:
        """Why it cannot take a call, or None."""

    @abstractmethod
    def plain(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Every query sees every key of its clip."""

    @abstractmethod
    def packed(
        self, q: Tensor, k: Tensor, v: Tensor, *, queries: list[int], keys: list[int]
    ) -> Tensor:
        """Attend within sequences that lie in one row, of the given lengths.

        Args:
            q: queries of all sequences (N, heads, D).
            k, v: their keys and values (M, heads, D).
            queries, keys: lengths of the sequences.
        """

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, sight: Mask) -> Tensor:
        """(B, heads, N, D) and (B, heads, M, D) -> (B, heads, N, D)."""
        q, k, v = (rearrange(part, "b heads n d -> b n heads d") for part in (q, k, v))
        if isinstance(sight, PrefixMask):
            out = self._in_a_row(q, k, v, sight.in_a_row(q.shape[1]))
        elif isinstance(sight, IntervalMask) and sight.apart:
            out = self._in_a_row(q, k, v, IntervalMask.packed([sight] * len(q)))
        elif isinstance(sight, IntervalMask):
            out = self._by_run(q, k, v, sight)
        else:
            out = self.plain(q, k, v)
        return rearrange(out, "b n heads d -> b heads n d")

    def _in_a_row(self, q: Tensor, k: Tensor, v: Tensor, sight: IntervalMask) -> Tensor:
        """One call for the runs of all clips; keys that no query sees are left out."""
        k, v = (
            torch.cat([part.flatten(0, 1)[run.begin : run.end] for run in sight.runs])
            for part in (k, v)
        )
        seen = [run.end - run.begin for run in sight.runs]
        return self.packed(q.flatten(0, 1), k, v, queries=sight.queries, keys=seen).view(q.shape)

    def _by_run(self, q: Tensor, k: Tensor, v: Tensor, sight: IntervalMask) -> Tensor:
        """A call for each run: in a row, the keys that several see would have to be copied."""
        parts = []
        asking = torch.split(q, sight.queries, dim=1)
        for part, (_, begin, end) in zip(asking, sight.runs, strict=True):
            parts.append(self.plain(part, k[:, begin:end], v[:, begin:end]))
        return torch.cat(parts, dim=1)
