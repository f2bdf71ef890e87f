"""What was tried in a study's folder: how long each run took, and why one failed.

``journal.jsonl`` has a line for every attempt that ended by itself; an attempt that was killed has
none. A line that is not whole, of a kill, is no line.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pvvae.files import raise_if_unwritable

FILE = "journal.jsonl"


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


class Journal:
    """Attempts of one study, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Read what is there."""
        self._path = folder / FILE
        self._attempts: dict[str, list[Attempt]] = {}
        lines = self._path.read_text().splitlines() if self._path.is_file() else []
        for line in lines:
            try:
                self._keep(Attempt(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # cut by a kill

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt, on disk too."""
        self._keep(attempt)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps(asdict(attempt)) + "\n")
        except OSError as error:
            raise_if_unwritable(error, self._path)
            raise

    def failed(self, address: str) -> str:
        """Why the last attempt at a run failed; nothing if it did not."""
        attempts = self._attempts.get(address)
        return attempts[-1].failed if attempts else ""

    def seconds(self, address: str) -> float:
        """That all attempts at a run took; 0 where that is not known."""
        return sum(attempt.seconds for attempt in self._attempts.get(address, []))

    def machine(self, addresses: Sequence[str]) -> str:
        """Where these runs were made; nothing where that is not known."""
        found = [a.machine for address in addresses for a in self._attempts.get(address, [])]
        return "; ".join(dict.fromkeys(found))

    def pace(self) -> dict[str, float]:
        """Mean seconds of a run that came to its end, by stage."""
        done: dict[str, list[float]] = {}
        for attempts in self._attempts.values():
            if not attempts[-1].failed:
                total = sum(attempt.seconds for attempt in attempts)
                done.setdefault(attempts[-1].stage, []).append(total)
        return {stage: sum(seconds) / len(seconds) for stage, seconds in done.items()}

    def _keep(self, attempt: Attempt) -> None:
        self._attempts.setdefault(attempt.address, []).append(attempt)
