"""Work that is done in the background, one piece behind whoever asks for it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Behind:
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
