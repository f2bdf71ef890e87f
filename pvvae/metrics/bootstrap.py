"""How sure a mean over clips is: the percentile bootstrap.

Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979). Clips are drawn again with
replacement, as many as there were; the mean of each draw is one that another sample might have
had. For distances between sets of clips see ``jackknife``.
"""

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from pvvae import seeding

RESAMPLES = 2000
"""Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3: 1,000 or more."""

LEVEL = 0.95
"""Of every interval that is reported."""

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
