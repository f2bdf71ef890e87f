"""Packaged real clips in the place of a data set that is not here."""

from dataclasses import dataclass, field
from pathlib import Path

from launchers.machines.command import Command, ConsoleCommand
from pvvae.errors import ConfigError

PACKAGED = "packaged"
"""Folder of a table that holds them, packed at each size that it needs."""


@dataclass
class Clips:
    """Where the clips of a table come from; remembers what had to be replaced."""

    folder: Path
    """Folder of the table."""
    whole: bool = False
    """Whether all data count as here."""
    replaced: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    """Commands that pack the clips in their place."""

    def find(self, where: str, *, side: int) -> str:
        """``where``, or packaged clips of ``side`` rows if it is not here."""
        if self.whole or Path(where).exists():
            return where
        if where not in self.replaced:
            self.replaced.append(where)
        out = str(self.folder / PACKAGED / str(side))
        words = ("data", "sample-videos", out, "--short-side", str(side), "--together")
        command = ConsoleCommand(words=words)
        if command not in self.commands:
            self.commands.append(command)
        return out

    def learned(self, where: str, *, name: str) -> str:
        """``where``, for a network to learn: nothing stands in for that.

        Raises:
            ConfigError: if it is not here.
        """
        if not (self.whole or Path(where).exists()):
            raise ConfigError(
                f"data.{name}.real: {where}: no such folder of shards, and no such list of clips; "
                f"pack the clips there (pvvae data pack VIDEOS {where}) or leave this data set out"
            )
        return where

    def title(self, title: str) -> str:
        """The table's title, which says so."""
        if not self.replaced:
            return title
        return f"{title}, on packaged real clips in place of {' and '.join(self.replaced)}"
