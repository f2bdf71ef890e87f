"""What was read of each side: how many clips, which pixels, what is odd about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pvvae.data.video.pixels import set_digest
from pvvae.evaluation.folders.clip_sets import ClipSet, ClipSets
from pvvae.evaluation.folders.measure import CONSTANT, DIGEST, GENERATED, REAL
from pvvae.evaluation.folders.question import Question
from pvvae.run.item_results import Row


@dataclass(frozen=True, kw_only=True)
class FolderReading:
    """One side, as it was measured."""

    folder: str
    kind: str
    lossless: bool
    num: int
    sha256: str
    """Digest of all clips' pixels, which does not depend on their order."""
    constant: int
    """Clips whose pixels are all equal."""
    letter: str
    """What the command calls the side."""

    @property
    def note(self) -> str | None:
        """What has to be read beside every value."""
        if not self.constant:
            return None
        return f"{self.constant} of {self.num} clips of {self.letter} are of one colour"

    def plain(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "folder": self.folder,
            "kind": self.kind,
            "sha256": self.sha256,
            "constant": self.constant,
        }


def readings(question: Question, sets: ClipSets, rows: Sequence[Row]) -> dict[str, FolderReading]:
    """Each side that was read; IS alone does without A."""
    sides = {REAL: ("A", sets.real), GENERATED: ("B", sets.generated)}
    return {
        side: _reading(letter, clips, side, rows)
        for side, (letter, clips) in sides.items()
        if side == GENERATED or question.needs_real
    }


def _reading(letter: str, clips: ClipSet, side: str, rows: Sequence[Row]) -> FolderReading:
    digests = [row[f"{DIGEST}{side}"] for row in rows if f"{DIGEST}{side}" in row]
    constant = [bool(row[f"{CONSTANT}{side}"]) for row in rows if f"{CONSTANT}{side}" in row]
    return FolderReading(
        folder=str(clips.folder),
        kind=clips.kind,
        lossless=clips.lossless,
        num=len(digests),
        sha256=set_digest(bytes(digest.tolist()).hex() for digest in digests),
        constant=sum(constant),
        letter=letter,
    )
