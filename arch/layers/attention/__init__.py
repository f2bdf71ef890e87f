"""Scaled dot-product attention: one signature, and the kernels that can compute it."""

from arch.layers.attention.call import Call
from arch.layers.attention.kernels import Backend, attention, explained
from arch.layers.attention.mask import Leading, Run, Runs, Sight

__all__ = ["Backend", "Call", "Leading", "Run", "Runs", "Sight", "attention", "explained"]
