"""How far a run without steps is: a small file in its folder; imports nothing heavy.

A run with steps has ``metrics.jsonl`` for that. Nothing but ``pvvae status`` reads this file, and
it counts as no result: a killed run looks at what it has kept, not at what it has noted.
"""

from dataclasses import dataclass
from pathlib import Path

from pvvae import config as codec
from pvvae.config.reading import read_object
from pvvae.errors import ConfigError

FILE = "progress.json"


@dataclass(frozen=True, kw_only=True)
class ItemProgress:
    """What the file holds."""

    done: int
    """Clips of which everything is kept, by all processes together."""
    total: int
    begun: int
    """Clips that were already done when the run was started last."""
    seconds: float
    """Seconds since the run was started last."""

    @property
    def pace(self) -> float | None:
        """Seconds for each clip since the last start; None before the first."""
        new = self.done - self.begun
        return self.seconds / new if new else None

    @classmethod
    def read(cls, run: Path) -> "ItemProgress | None":
        """What a run has noted; None if it has not, or not in a way that can be read."""
        try:
            return codec.decode(cls, read_object(run / FILE))
        except ConfigError:
            return None
