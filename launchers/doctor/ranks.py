"""A process that is slower than the others at the same work, by its rank and node."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

import torch
import torch.distributed as dist

from launchers.doctor.figure import Figure
from pvvae.errors import ConfigError

MOST = 2.0
"""Times the median. Ours: clocks and neighbours make tens of percent, a fault makes multiples."""
ROUNDS = 3
SIDE = 512
"""Rows of the matrices that are multiplied. Ours: some hundredths of a second of a core."""
PATIENCE = 120.0


def of_this_node() -> Iterator[Figure]:
    """One process for each GPU, or two, each timed at the same product.

    Raises:
        ConfigError: if the processes do not come to their end.
    """
    processes = max(2, torch.cuda.device_count())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    group = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, "-m", "launchers.doctor.ranks"]
    started = [
        subprocess.Popen(
            command,
            env=os.environ | group | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    try:
        said = [process.communicate(timeout=PATIENCE)[0] for process in started]
    except subprocess.TimeoutExpired:
        raise ConfigError(f"ranks: a process did not end within {PATIENCE:.0f} s") from None
    finally:
        for process in started:
            process.kill()
    if any(process.returncode for process in started):
        raise ConfigError(f"ranks: a process of {processes} ended badly, see above")
    yield from judge([float(word) for word in said[0].split()])


def judge(seconds: Sequence[float]) -> Iterator[Figure]:
    """A figure for each rank: how often the median its time is."""
    usual = median(sorted(seconds)[: len(seconds) - 1])  # the slowest says nothing of what is usual
    for rank, spent in enumerate(seconds):
        yield Figure(name=f"rank {rank}: times the others' median", value=spent / usual, most=MOST)


def timed_together(work: Callable[[], object]) -> list[float]:
    """Seconds that each process of the group took for ``work``, the same list on all."""
    dist.barrier()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        work()
    spent = torch.tensor([time.perf_counter() - began], dtype=torch.float64)
    gathered = [torch.zeros_like(spent) for _ in range(dist.get_world_size())]
    dist.all_gather(gathered, spent)
    return [float(each) for each in gathered]


def product() -> None:
    """One matrix product on this process's device, to its end."""
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    a = torch.ones(SIDE, SIDE, device=device)
    (a @ a).sum().item()


if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    product()  # the first one loads libraries
    print(*timed_together(product))
    dist.destroy_process_group()
