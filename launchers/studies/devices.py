"""A GPU of its own for each of the runs that a machine does at the same time.

A run of one process takes the first GPU that it sees, so each is shown another one.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue

from launchers.studies.asked import Asked
from launchers.studies.attempt import Ended, attempt
from pvvae.study.expansion import Task

VISIBLE = "CUDA_VISIBLE_DEVICES"
Attempt = Callable[..., Ended]


def shares(devices: Sequence[str], *, at_once: int) -> list[dict[str, str]]:
    """What is set for each of ``at_once`` runs: one GPU each, in turn if there are fewer."""
    if at_once == 1 or len(devices) < 2:
        return [{}] * at_once
    return [{VISIBLE: devices[number % len(devices)]} for number in range(at_once)]


def visible_devices() -> list[str]:
    """GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    number = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return named[:number] if named else [str(device) for device in range(number)]


class Devices:
    """Lends each attempt the devices of no other."""

    def __init__(self, *, at_once: int, processes: int) -> None:
        """Runs of several processes share all: DeepSpeed's launcher takes the first as it is."""
        self._free: SimpleQueue[Mapping[str, str]] = SimpleQueue()
        for share in shares(visible_devices() if processes == 1 else [], at_once=at_once):
            self._free.put(share)

    def attempt(
        self,
        task: Task,
        asked: Asked,
        *,
        processes: int,
        environment: Mapping[str, str],
        by: Attempt = attempt,
    ) -> Ended:
        """An attempt ``by`` the function, with devices of its own."""
        share = self._free.get()
        try:
            return by(task, asked, processes=processes, environment={**environment, **share})
        finally:
            self._free.put(share)
