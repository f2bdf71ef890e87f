"""Running a study on this machine: each run by its own command, so a kill loses nothing."""

import os
import platform
import sys
import time
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from launchers.studies.attempt import ENDED, MISTAKE, Ended, attempt
from launchers.studies.devices import Devices
from launchers.studies.flops import TrainingFlops
from launchers.studies.request import StudyRequest
from launchers.studies.scheduler import Order
from launchers.studies.show import estimate
from pvvae.run.process_lifetime import hold_lifeline, lock_folder
from pvvae.study.runs.gathering import is_done, settle
from pvvae.study.runs.journal import Attempt
from pvvae.study.spec.expansion import Task, Trial

THREADS = "OMP_NUM_THREADS"


def run_study(asked: StudyRequest, *, at_once: int, processes: int) -> int:
    """Run what is not finished, and write outcomes as cells are.

    Args:
        asked: the study.
        at_once: runs at the same time.
        processes: of each run.

    Returns:
        0, 1 if a cell failed, or the status of a run that was ended from outside.

    Raises:
        ConfigError: if the study is run elsewhere too, or a stage does not give a measure.
    """
    lock = lock_folder(asked.folder)
    try:
        # The lifeline ends first: processes die of that, and the pool waits for them.
        with ThreadPoolExecutor(at_once) as pool, hold_lifeline() as lifeline:
            runner = _Runner(asked, at_once=at_once, processes=processes, lifeline=lifeline)
            return runner.run(pool)
    finally:
        lock.close()


def machine() -> str:
    """What this machine is, as the page says it."""
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{_cores()} CPU cores, {platform.machine()}"


def _cores() -> int:
    """Cores that this process may use: a container or a job has fewer than the machine."""
    return len(os.sched_getaffinity(0))


class _Runner:
    """Runs in their order, several at once; those that fail are tried again, then given up."""

    def __init__(
        self, asked: StudyRequest, *, at_once: int, processes: int, lifeline: dict[str, str]
    ) -> None:
        self._asked, self._at_once, self._processes = asked, at_once, processes
        self._lifeline, self._machine = lifeline, machine()
        self._arithmetic = TrainingFlops(asked.folder)
        self._devices = Devices(at_once=at_once, processes=processes)
        tasks = asked.expansion.tasks
        done = {a for a, task in tasks.items() if is_done(task)}
        self._alone = {name for name, entry in asked.study.stages.items() if entry.alone}
        self._order = Order(tasks, done=done, alone=self._alone)
        self._total, self._over = len(tasks), len(done)
        self._tries: dict[str, int] = {}
        self._open = list(asked.expansion.cells)
        self._failed = 0  # cells
        self._began = time.monotonic()

    def run(self, pool: ThreadPoolExecutor) -> int:
        """To the end, or until a run is ended from outside."""
        self._settle_cells()
        running: dict[Future[Ended], Task] = {}
        while True:
            self._start(pool, running)
            if not running:
                return 1 if self._failed else 0
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                task, ended = running.pop(future), future.result()
                if ended.status in ENDED:
                    _say(f"{task.name}: was ended; the same command goes on from here")
                    return ended.status
                self._end(ended, running.values())

    def _start(self, pool: ThreadPoolExecutor, running: dict[Future[Ended], Task]) -> None:
        while len(running) < self._at_once:
            task = self._order.take(running.values())
            if task is None:
                return
            self._asked.check_unchanged(task)
            self._asked.journal.begin(task.address)
            future = pool.submit(
                self._devices.attempt,
                task,
                self._asked,
                processes=self._processes,
                environment=self._lifeline | self._threads(task),
                by=attempt,
            )
            running[future] = task

    def _threads(self, task: Task) -> dict[str, str]:
        """Runs beside one another share the cores; threads in excess would make both wait."""
        if self._at_once == 1 or task.stage in self._alone or THREADS in os.environ:
            return {}
        return {THREADS: str(max(1, _cores() // self._at_once))}

    def _end(self, ended: Ended, running: Collection[Task]) -> None:
        task = ended.task
        self._asked.journal.add(
            Attempt(
                address=task.address,
                stage=task.stage,
                run=str(task.folder),
                seconds=round(ended.seconds, 1),
                machine=self._machine,
                failed=ended.failed,
            )
        )
        tries = self._tries[task.address] = self._tries.get(task.address, 0) + 1
        again = tries <= self._asked.study.retries and ended.status != MISTAKE
        self._order.end(task, failed=ended.failed, again=again)
        if ended.failed:
            _say(f"{task.name}: failed{', tried again' if again else ''}: {ended.failed}")
        else:
            self._over += 1
        self._settle_cells()
        if not ended.failed:
            self._report(ended, running)

    def _settle_cells(self) -> None:
        """Write the outcomes of cells of which no run is left."""
        for cell in [cell for cell in self._open if self._order.over(cell)]:
            self._open.remove(cell)
            self._settle(cell)

    def _settle(self, cell: Trial) -> None:
        outcome = settle(self._asked.study, cell, self._asked.journal, flops=self._arithmetic.of)
        if outcome is not None and outcome.failed:
            self._failed += 1
            _say(f"cell {cell.name}: {outcome.failed}")

    def _report(self, ended: Ended, running: Collection[Task]) -> None:
        cells = len(self._asked.expansion.cells)
        minutes = (time.monotonic() - self._began) / 60
        left = [*self._order.left, *running]
        print(
            f"[{self._over}/{self._total} runs, {cells - len(self._open)}/{cells} cells, "
            f"{minutes:.1f} min] {ended.task.name}: {ended.seconds:.0f} s; "
            f"{estimate(self._asked, left, at_once=self._at_once)}",
            flush=True,
        )


def _say(text: str) -> None:
    print(f"pvvae: {text}", file=sys.stderr, flush=True)
