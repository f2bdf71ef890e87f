"""Length and size of the clips that a config is about: the paper's, unless it says otherwise."""

from dataclasses import dataclass

from arch.ranges import Length, Pixels
from pvvae.data.held_out import HeldOutClips, held_out_clips


@dataclass(frozen=True, kw_only=True)
class FrameSize:
    """Base of configs with one size of frames."""

    height: Pixels = 256
    """Section 4.1."""
    width: Pixels = 256
    """Section 4.1."""


@dataclass(frozen=True, kw_only=True)
class ClipShape(FrameSize):
    """Base of configs with one shape of clips."""

    frames: Length = 17
    """Section 4.1."""

    @property
    def size(self) -> str:
        """``TxHxW``, as results have it."""
        return f"{self.frames}x{self.height}x{self.width}"

    def held_out_clips(self, folder: str, *, limit: int | None = None) -> HeldOutClips:
        """Clips of this shape to look at, always the same pixels: all of a folder of shards, or
        ``limit`` of them.

        Raises:
            ConfigError: if there are no shards, or their samples are too short or too small.
        """
        return held_out_clips(
            folder, frames=self.frames, height=self.height, width=self.width, limit=limit
        )
