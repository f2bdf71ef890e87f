"""Engines that take a step together, on all processes, or not at all."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from pvvae import distributed
from pvvae.engine.engine import Engine


def step_all_or_none(rates: Mapping[Engine, float], *, losses: Iterable[Tensor]) -> bool:
    """Count one backward pass of each engine; after the last one of a step, update all or none.

    They are updated if every process's losses and every engine's gradient are finite. One
    all-reduce of a few numbers makes that one answer for all processes: ZeRO has summed gradients
    over processes by then, so that what spoils one process's has spoilt all, but a loss can be
    infinite where its gradient is not. Left to itself ZeRO 0 in fp32 takes any gradient, and the
    others skip one engine without a word to the other.

    A gradient whose squared norm overflows float32 counts as not finite.

    Args:
        rates: learning rate of each engine that has just done a backward pass.
        losses: of the whole step on this process.

    Returns:
        False if the step was skipped: no weight, moment or average has changed.
    """
    if not all(engine.at_boundary for engine in rates):
        for engine, rate in rates.items():
            engine.step(lr=rate)
        return True
    squares = [engine.gradient_square() for engine in rates]
    squares += [loss.detach().to(squares[0]) * 0.0 for loss in losses]  # 0, or NaN
    finite = bool(distributed.sum_(torch.stack(squares)).isfinite().all())
    for engine, rate in rates.items():
        if finite:
            engine.step(lr=rate)
        else:
            engine.skip()
    return finite
