"""How sure a distance between sets of clips is: the delete-block jackknife.

Quenouille (1949), Tukey (1958); for blocks, Efron and Tibshirani, "An Introduction to the
Bootstrap" (1993), chapter 11. FVD and KVD are not means, and a bootstrap draws clips twice, which
both of them take for less variety or more likeness than there is: it moves every draw upwards and
widens their spread. Leaving clips out draws none twice. On Gaussians of a falling spectrum,
against the spread over 300 fresh samples (FVD, then KVD; bootstrap, then jackknife):

    200 clips, 10 features, sets that differ    1.10  1.03    1.10  1.00
     32 clips, 40 features, sets that differ    1.43  1.13    1.48  1.05
     32 clips, 40 features, equal sets          1.95  1.39    2.01  1.29

So where the jackknife errs, its interval is too wide rather than too narrow, and less than the
bootstrap's. It is around FVD at this many clips, with the bias that FVD has there.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from torch import Tensor

from pvvae import seeding

RESAMPLES = 2000
"""Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: 1,000 or more."""

LEVEL = 0.95
"""Confidence level of every interval that is reported."""

Interval = tuple[float, float]


def mean_interval(values: Tensor | ArrayLike, *, seed: int) -> Interval | None:
    """95% interval of the mean of ``values`` (N,), one a clip; None with fewer than two.

    The same bits for the same values in any order, and for any number of threads.
    """
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    known = np.sort(array.astype(np.float64))
    if len(known) < 2:
        return None
    draw = seeding.numpy_generator(seed, "bootstrap")
    means = [known[draw.integers(0, len(known), len(known))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


BLOCKS = 20
"""Ours: nineteen degrees of freedom widen the interval by 7%; FVD at 2,048 clips takes seconds."""


def jackknife_interval(
    value: float,
    statistic: Callable[..., float],
    *sets: Tensor,
    paired: bool = False,
    seed: int,
) -> Interval | None:
    """95% interval of ``value``, which is ``statistic(*sets)``.

    Every set (N_i, d) is cut into random blocks, and the statistic taken without the first block
    of each, without the second, and so on. Between sets that are drawn independently, blocks meet
    by chance, so that variances add up.

    Args:
        value: what the interval is around.
        statistic: of as many sets of rows, each with two rows at least.
        sets: rows, one a clip.
        paired: whether row i of every set is of the same clip, and has to stay or go in all.
        seed: of the blocks.

    Returns:
        None with fewer than three clips in a set: without one of two, one is left.
    """
    blocks = min(BLOCKS, *map(len, sets))
    if blocks < 3:
        return None
    kept = [_kept(len(rows), blocks, seed, 0 if paired else i) for i, rows in enumerate(sets)]
    without = np.array(
        [
            statistic(*(rows[keep[i]] for rows, keep in zip(sets, kept, strict=True)))
            for i in range(blocks)
        ]
    )
    error = np.sqrt((blocks - 1) / blocks * np.square(without - without.mean()).sum())
    reach = float(stdtrit(blocks - 1, (1 + LEVEL) / 2) * error)
    return value - reach, value + reach


def _kept(num: int, blocks: int, seed: int, which: int) -> list[Tensor]:
    """For each block, the indices outside it, in order."""
    order = torch.randperm(num, generator=seeding.torch_generator(seed, "jackknife", which))
    everything = torch.ones(num, dtype=torch.bool)
    return [
        everything.index_fill(0, block, False).nonzero().flatten()
        for block in torch.tensor_split(order, blocks)
    ]


def order_of(rows: Tensor) -> Tensor:
    """Indices (N,) that sort rows (N, d) by their first column, then by their second, and so on.

    Sums of floating point numbers depend on their order, and so do draws by position. Clips that
    come from several processes come in another order than from one; sorted, they are the same.
    """
    columns = rows.detach().cpu().numpy().T
    return torch.from_numpy(np.lexsort(columns[::-1]))
