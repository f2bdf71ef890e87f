"""Who this process is among its peers, and the few collectives outside the engine.

Works the same with one process and no process group at all.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from pvvae.errors import ConfigError

T = TypeVar("T")


def rank() -> int:
    """Rank of this process; 0 without a process group."""
    return dist.get_rank() if dist.is_initialized() else int(os.environ.get("RANK", 0))


def world_size() -> int:
    """Number of processes; 1 without a process group."""
    return dist.get_world_size() if dist.is_initialized() else int(os.environ.get("WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this process writes files and talks to the user."""
    return rank() == 0


def device() -> torch.device:
    """The accelerator of this process, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def barrier() -> None:
    """Wait for all processes."""
    if dist.is_initialized() and world_size() > 1:
        dist.barrier()


def sum_(values: Tensor) -> Tensor:
    """Sum over processes, in place."""
    if dist.is_initialized() and world_size() > 1:
        dist.all_reduce(values)
    return values


def agree(ok: bool) -> bool:
    """Whether all processes say yes."""
    return bool(sum_(torch.tensor(0.0 if ok else 1.0, device=device())).item() == 0)


def from_main(make: Callable[[], T]) -> T:
    """What ``make`` returns on the main process, which alone calls it; on every process.

    Raises:
        ConfigError: what ``make`` raised, on every process: one that was not told would wait.
    """
    made: T | None = None
    problem: str | None = None
    if is_main():
        try:
            made = make()
        except ConfigError as error:
            problem = str(error)
    found: Any = gather_objects((made, problem))[0]
    if found[1] is not None:
        raise ConfigError(found[1])
    return found[0]  # type: ignore[no-any-return]


def gather_objects(value: object) -> list[object]:
    """Every process's ``value``, in rank order, on every process."""
    if not dist.is_initialized() or world_size() == 1:
        return [value]
    values: list[object] = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


def leave(status: int) -> NoReturn:
    """End this process of a group at once, once everything is written.

    An orderly end lets Python die before gloo's threads, of which one may still hold the tensors of
    the last collective, and aborts when it lets go of them ("terminate called without an active
    exception", about once in a hundred ends on a busy machine; torch 2.13).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def share_cores() -> None:
    """Give each process of this machine its part of the CPU cores (at least one).

    Nothing changes where OMP_NUM_THREADS is set.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    local = int(os.environ.get("LOCAL_SIZE", os.environ.get("LOCAL_WORLD_SIZE", 1)))
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(max(1, cores // max(1, local)))
