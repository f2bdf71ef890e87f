"""A GPU of its own for each of the runs that a machine does at the same time.

A run of one process takes the first GPU that it sees, so each is shown another one.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from launchers.studies.attempt import Ended, attempt
from launchers.studies.request import StudyRequest
from pvvae.study.spec.expansion import Task

VISIBLE = "CUDA_VISIBLE_DEVICES"
Attempt = Callable[..., Ended]


def visible_devices() -> list[str]:
    """GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    number = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return named[:number] if named else [str(device) for device in range(number)]


class Devices:
    """Lends each attempt the GPU that fewest others have, if there are several."""

    def __init__(self, *, at_once: int, processes: int) -> None:
        """Runs of several processes share all: DeepSpeed's launcher takes the first as it is."""
        alone = at_once == 1 or processes > 1
        devices = [] if alone else visible_devices()
        self._users = dict.fromkeys(devices if len(devices) > 1 else [], 0)
        self._lock = Lock()

    def attempt(
        self,
        task: Task,
        asked: StudyRequest,
        *,
        processes: int,
        environment: Mapping[str, str],
        by: Attempt = attempt,
    ) -> Ended:
        """An attempt ``by`` the function, with a GPU of its own."""
        with self._lent() as share:
            return by(task, asked, processes=processes, environment={**environment, **share})

    @contextmanager
    def _lent(self) -> Iterator[dict[str, str]]:
        if not self._users:
            yield {}
            return
        with self._lock:
            device = min(self._users, key=self._users.__getitem__)
            self._users[device] += 1
        try:
            yield {VISIBLE: device}
        finally:
            with self._lock:
                self._users[device] -= 1
