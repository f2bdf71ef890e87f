"""What a stage has measured of each clip, on disk until it has drawn its conclusion."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from pvvae import distributed
from pvvae.files import write_atomic


class BackgroundWorker:
    """Does a piece of work in a thread while its caller gets the next one ready.

    At most one piece is under way, so that no more than two are in memory.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._last: Future[None] | None = None

    def submit(self, work: Callable[[], None]) -> None:
        """Begin ``work`` once the piece before is done; raises what that one raised."""
        self.settle()
        self._last = self._pool.submit(work)

    def settle(self) -> None:
        """Wait for the piece under way; raises what it raised."""
        if self._last is not None:
            last, self._last = self._last, None
            last.result()


Row = Mapping[str, Tensor]
"""Measurements of one clip by name."""


class ItemResults:
    """A folder with one file for each clip, whole or absent."""

    def __init__(self, folder: Path, *, remember: bool = True) -> None:
        """Nothing is made before the first row is kept.

        Args:
            folder: of the files.
            remember: hold this start's rows in memory too, so that processes need not read what
                another one wrote. Without, memory does not grow with the clips, and one process
                alone can use the folder.
        """
        self._folder, self._remember = folder, remember
        self._mine: dict[int, Row] = {}

    def has(self, index: int) -> bool:
        """Whether the clip was measured, now or before the run was cut."""
        return self._path(index).exists()

    def keep(self, index: int, row: Row) -> None:
        """Write one clip's row.

        Raises:
            ConfigError: if the disk is full.
        """
        held = {name: value.contiguous().cpu() for name, value in row.items()}
        if self._remember:
            self._mine[index] = held
        write_atomic(self._path(index), partial(save_file, dict(held)))

    def row(self, index: int) -> Row:
        """One clip's row, from the disk."""
        return load_file(self._path(index))

    def rows(self, indices: Iterable[int]) -> list[Row]:
        """Rows of all these clips, in this order; a collective call.

        Those of this start come from memory: a network file system may hide for a while what
        another machine has just written. Those of earlier ones come from the disk.
        """
        now: dict[int, Row] = {}
        for part in distributed.gather_objects(self._mine):
            assert isinstance(part, dict)
            now |= part
        return [now[i] if i in now else load_file(self._path(i)) for i in indices]

    def discard(self) -> None:
        """Remove the folder: the conclusion is written."""
        if distributed.is_main():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:06d}.safetensors"
