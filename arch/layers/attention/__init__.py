"""Scaled dot-product attention: one signature, and the kernels that can compute it."""

from arch.layers.attention.call import Call
from arch.layers.attention.kernels import Backend, attention, explained
from arch.layers.attention.mask import Interval, IntervalMask, Mask, PrefixMask

__all__ = [
    "Backend",
    "Call",
    "Interval",
    "IntervalMask",
    "Mask",
    "PrefixMask",
    "attention",
    "explained",
]
