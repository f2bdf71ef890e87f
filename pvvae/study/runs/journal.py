"""What was tried in a study's folder: how long each run took, and why one failed.

``journal.jsonl`` has a line for every attempt that began, and one for every one that ended by
itself, or on Slurm saved at its time limit; of one that was killed there is the first alone. A line
that is not whole, of a kill, is no line. Jobs on several machines add to it: each under a lock,
where the file system has them.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pvvae.files import raise_if_unwritable

FILE = "journal.jsonl"
BEGAN = "began"
"""Only key of the line of an attempt that begins: its run's address."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A line."""

    address: str
    stage: str
    run: str
    seconds: float
    machine: str
    failed: str = ""
    """Why, if it did."""
    stopped: bool = False
    """Whether it was asked to stop, and the run goes on in another attempt."""


class Journal:
    """Attempts of one study, oldest first."""

    def __init__(
        self, folder: Path, *, shared: Mapping[Path, Collection[str]] | None = None
    ) -> None:
        """Read what is there.

        Args:
            folder: the study's.
            shared: folders of other studies, and addresses of the runs that are taken from them:
                what their journals say of those alone.
        """
        self._path = folder / FILE
        self._attempts: dict[str, list[Attempt]] = {}
        self._open: set[str] = set()  # addresses whose last attempt has not ended
        self._cut: set[str] = set()  # those of which an earlier one never did
        for line in _lines(self._path):
            self._read(line)
        for other, addresses in (shared or {}).items():
            for line in _lines(other / FILE):
                if line.get(BEGAN, line.get("address")) in addresses:
                    self._read(line)

    def begin(self, address: str) -> None:
        """Note that an attempt at a run begins, on disk too."""
        self._begin(address)
        self._write({BEGAN: address})

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt, on disk too."""
        self._keep(attempt)
        self._write(asdict(attempt))

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                with suppress(OSError):  # some network disks have no locks
                    fcntl.flock(file, fcntl.LOCK_EX)
                text = json.dumps(line) + "\n"
                file.write(("" if _whole(file) else "\n").encode() + text.encode())
        except OSError as error:
            raise_if_unwritable(error, self._path)
            raise

    def failed(self, address: str) -> str:
        """Why the last attempt at a run failed; nothing if it did not."""
        attempts = self._attempts.get(address)
        return attempts[-1].failed if attempts else ""

    def seconds(self, address: str) -> float:
        """Seconds that all attempts at a run took; 0 where they are not known, as after a kill."""
        if address in self._open | self._cut:
            return 0.0
        return sum(attempt.seconds for attempt in self._attempts.get(address, []))

    def machine(self, addresses: Sequence[str]) -> str:
        """Where these runs were made; nothing where that is not known."""
        found = [a.machine for address in addresses for a in self._attempts.get(address, [])]
        return "; ".join(dict.fromkeys(found))

    def pace(self) -> dict[str, float]:
        """Mean seconds of a run that came to its end, by stage."""
        done: dict[str, list[float]] = {}
        for address, attempts in self._attempts.items():
            total = self.seconds(address)
            if total and not (attempts[-1].failed or attempts[-1].stopped):
                done.setdefault(attempts[-1].stage, []).append(total)
        return {stage: sum(seconds) / len(seconds) for stage, seconds in done.items()}

    def _read(self, line: dict[str, Any]) -> None:
        if BEGAN in line:
            self._begin(line[BEGAN])
            return
        with suppress(TypeError):  # not a whole attempt
            self._keep(Attempt(**line))

    def _begin(self, address: str) -> None:
        if address in self._open:
            self._cut.add(address)
        self._open.add(address)

    def _keep(self, attempt: Attempt) -> None:
        self._open.discard(attempt.address)
        self._attempts.setdefault(attempt.address, []).append(attempt)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Whole lines of a journal."""
    for line in path.read_text().splitlines() if path.is_file() else []:
        with suppress(ValueError):  # cut by a kill
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


def _whole(file: IO[bytes]) -> bool:
    """Whether the last line was not cut by a kill; what follows a cut one would be lost with it."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
