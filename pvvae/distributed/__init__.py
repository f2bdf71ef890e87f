"""Processes, and what they say to each other."""

from pvvae.distributed.collectives import (
    T,
    agree,
    barrier,
    device,
    from_main,
    gather_objects,
    is_main,
    leave,
    rank,
    share_cores,
    sum_,
    world_size,
)

__all__ = [
    "T",
    "agree",
    "barrier",
    "device",
    "from_main",
    "gather_objects",
    "is_main",
    "leave",
    "rank",
    "share_cores",
    "sum_",
    "world_size",
]
