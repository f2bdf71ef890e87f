"""Whether a run of a study has come to its end."""

from pathlib import Path

from pvvae.run.folder import is_finished

MARK = ".finished"
"""In the folder of a command that came to its end; hidden from whoever reads shards there."""


def is_complete(folder: Path, *, command: bool) -> bool:
    """Of a run folder, or of a ``command``'s: whoever gave it leaves a mark."""
    return (folder / MARK).exists() if command else is_finished(folder)


def is_any_complete(folder: Path) -> bool:
    """The same, whichever made the folder."""
    return is_complete(folder, command=False) or is_complete(folder, command=True)
