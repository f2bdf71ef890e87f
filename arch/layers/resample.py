"""Changes of resolution with a shortcut that learns nothing.

Source: DC-AE's averages and duplicates around the resamplers, here padded by repeating the first
frame.
"""

from einops import rearrange, repeat
from torch import Tensor, nn

from arch.layers.causal_conv import CausalConv3d, CausalUpsampleConv3d, repeat_first
from arch.layers.streaming import Past, Stream

Factor = tuple[int, int, int]
"""Resampling along (time, height, width)."""


class Downsample(Stream, nn.Module):
    """Strided convolution that changes the width, beside an average over the merged cells."""

    def __init__(self, fine: int, coarse: int, *, factor: Factor, order: str) -> None:
        super().__init__()
        self.factor, self.channels, self.order = factor, coarse, order
        self.conv = CausalConv3d(fine, coarse, stride=factor)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x) + self._average(x, first=True)
        return out

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        out, kept = self.conv.stream(x, past)
        return out + self._average(x, first=past is None), kept

    def _average(self, x: Tensor, *, first: bool) -> Tensor:
        """Merge cells into channels, then average channels down to the coarse width.

        The first frame is repeated rather than zeros put before it, which would halve the first
        latent's shortcut and give it statistics of its own.
        """
        r, p, q = self.factor
        x = repeat_first(x, r - 1) if first else x
        cells = rearrange(x, f"b c (t r) (h p) (w q) -> b t h w (c {self.order})", r=r, p=p, q=q)
        mean = rearrange(cells, "b t h w (c g) -> b t h w c g", c=self.channels).mean(dim=-1)
        return rearrange(mean, "b t h w c -> b c t h w")


class Upsample(Stream, nn.Module):
    """Nearest-neighbour doubling and a convolution, beside duplicated channels."""

    def __init__(self, coarse: int, fine: int, *, factor: Factor, order: str) -> None:
        super().__init__()
        self.factor, self.order = factor, order
        self.copies = fine * cells_of(factor) // coarse
        self.conv = CausalUpsampleConv3d(coarse, fine, time=factor[0] == 2)

    def forward(self, x: Tensor) -> Tensor:
        """Where time doubles, the first frame is dropped again: 1 + n frames become 1 + 2n."""
        out: Tensor = self.conv(x) + self._duplicate(x)[:, :, self.factor[0] - 1 :]
        return out

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        out, kept = self.conv.stream(x, past)
        dropped = self.factor[0] - 1 if past is None else 0
        return out + self._duplicate(x)[:, :, dropped:], kept

    def _duplicate(self, x: Tensor) -> Tensor:
        """Copy channels up to the fine width's cells, then spread them over the cells."""
        r, p, q = self.factor
        cells = repeat(x, "b c t h w -> b t h w (c n)", n=self.copies)
        fine = rearrange(cells, f"b t h w (c {self.order}) -> b (t r) (h p) (w q) c", r=r, p=p, q=q)
        return rearrange(fine, "b t h w c -> b c t h w")


def cells_of(factor: Factor) -> int:
    """How many fine cells one coarse cell covers."""
    return factor[0] * factor[1] * factor[2]
