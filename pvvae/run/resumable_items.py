"""Work without steps: items that do not depend on one another, each kept as soon as it is done."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Generic, NoReturn, TypeVar

from tqdm import tqdm

from pvvae import distributed
from pvvae.distributed.slots import teams_of
from pvvae.files import write_json
from pvvae.run.progress_bar import progress
from pvvae.run.progress_file import FILE, ItemProgress
from pvvae.run.run import Run
from pvvae.run.stop_request import Stopped, stop_asked

T = TypeVar("T")
NOTE_EVERY = 5.0
"""Seconds between notes of how far the run is. Ours: `pvvae status` needs no fresher one."""


class ResumableItems(Generic[T]):
    """Shares items out among the processes: iterate over it for this process's.

    A process keeps the result of an item before it asks for the next, so a run that is killed or
    asked to leave goes on from what is kept, with any number of processes. Each process takes one
    item in a turn, and between two turns all agree on whether to leave.
    """

    def __init__(
        self,
        record: Run,
        items: Sequence[T],
        *,
        kept: Callable[[T], bool],
        clips: Callable[[T], int] = lambda _: 1,
        settle: Callable[[], None] = lambda: None,
        team: int = 1,
    ) -> None:
        """Nothing happens before the iteration.

        Args:
            record: the run, which is closed when it is left.
            items: equal on all processes.
            kept: whether all of an item is on disk; the main process asks, once.
            clips: in an item.
            settle: waits for results that are being kept in the background.
            team: consecutive processes that take each item together.
        """
        self._settle, self._team = settle, team
        self._record, self._items, self._kept = record, items, kept
        self._clips = [clips(item) for item in items]
        self._total = sum(self._clips)
        self._done = self._begun = self._turn = 0
        self._start = self._noted = time.monotonic()
        self._bar: tqdm[None]

    def __iter__(self) -> Iterator[T]:
        """This process's items that are not kept yet; a collective call, up to the last item.

        Raises:
            Stopped: on all processes, if the run was asked to leave.
        """
        left = distributed.from_main(
            lambda: [n for n, item in enumerate(self._items) if not self._kept(item)]
        )
        mine, teams = teams_of(self._team)
        self._done = self._begun = self._total - sum(self._clips[n] for n in left)
        with progress(self._record.folder.name, self._total, start=self._done) as self._bar:
            self._note()
            for first in range(0, len(left), teams):
                turn = left[first : first + teams]
                self._turn = sum(self._clips[n] for n in turn)
                if mine < len(turn):
                    yield self._items[turn[mine]]
                self._done += self._turn
                self._show(self._done)
                if first + teams < len(left) and stop_asked():
                    self._leave()
            self._settle()
            self._note()
        distributed.barrier()

    def part(self, share: float) -> None:
        """``share`` of the current item is done: for the bar alone, nothing of it is kept."""
        self._show(self._done + int(share * self._turn))

    def _show(self, clips: int) -> None:
        self._bar.update(clips - self._bar.n)
        if time.monotonic() - self._noted >= NOTE_EVERY:
            self._note()

    def _note(self) -> None:
        self._noted = time.monotonic()
        if not distributed.is_main():
            return
        standing = ItemProgress(
            done=self._done,
            total=self._total,
            begun=self._begun,
            seconds=self._noted - self._start,
        )
        write_json(self._record.folder / FILE, asdict(standing))

    def _leave(self) -> NoReturn:
        self._settle()
        self._note()
        self._record.close()
        raise Stopped(
            f"{self._record.folder}: kept {self._done} of {self._total} clips, as asked; "
            "the same command goes on"
        )
