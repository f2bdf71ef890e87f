"""At which times a flow is learned and followed: laws of the draws, and the shift by dimension.

Time is 0 at the data and 1 at noise, as in :mod:`pvvae.denoiser.rectified_flow`. The shift is that
of Esser et al. (SD3, arXiv 2403.03206) for larger pictures; that it should grow with the elements
of a latent, channels included, is RAE's (arXiv 2510.11690), for images.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor

from arch.ranges import Count

Time = TypeVar("Time", float, Tensor)


def uniform_times(generator: torch.Generator, n: int) -> Tensor:
    """(n,) float32 times from U[0, 1), the law of rectified flow's paper, on the CPU."""
    return torch.rand(n, generator=generator)


def logit_normal_times(generator: torch.Generator, n: int) -> Tensor:
    """(n,) float32 times from sigmoid(N(0, 1)), SD3's law, on the CPU: the middle more often."""
    return torch.randn(n, generator=generator).sigmoid()


TIME_LAWS: dict[str, Callable[[torch.Generator, int], Tensor]] = {
    "uniform": uniform_times,
    "logit_normal": logit_normal_times,
}
"""How training draws times, by name."""


def shift_of(shape: Sequence[int], *, base: Count | None) -> float:
    """s = sqrt(d / base), d being all elements of a latent (c, t, h, w); 1 where base is None.

    RAE counts channels and positions of an image; that groups of a video count too is inferred.
    The paper's t4 s16 c64 of 17 x 256 x 256 has d = 81,920, so s = 4.47 at RAE's base of 4,096.
    """
    return math.sqrt(math.prod(shape) / base) if base is not None else 1.0


def shifted(time: Time, shift: float) -> Time:
    """s t / (1 + (s - 1) t) for s = ``shift``: later, so at more noise, where s is above 1.

    Rising in t, with 0 and 1 where they are. Divided by s t, so that 1 stays 1 to the last bit.
    """
    return time / (time + (1 - time) / shift)


def grid(steps: int, *, shift: float) -> list[tuple[float, float]]:
    """Times (now, next) of a sampler's steps, from 1 to 0: equal steps, then shifted."""
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64).tolist()
    return list(pairwise(times if shift == 1 else [shifted(time, shift) for time in times]))
