"""What scenes are made: their size, and how things move in them."""

from dataclasses import dataclass
from typing import Annotated

from arch.ranges import Extra, Length, Range, Share
from pvvae.config import check_ranges
from pvvae.errors import ConfigError

Side = Annotated[int, Range(16, 65_536)]
"""Rows or columns. Ours: below 16 a sprite is a spot of 3."""
KINDS = ("slide", "accelerate", "rotate", "pan", "zoom")
"""How things move; in the last two it is the camera that does. A scene's class."""


@dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """Settings that all scenes of a set share."""

    height: Side = 64
    width: Side = 64
    """Pixels. Lengths are relative to the shorter side: a scene is the same at any size."""
    frames: Length = 33
    """The first of them are those of a shorter scene."""
    speed: Annotated[float, Range(0.0, 1_000.0)] = 1.0
    """Factor on all motion. At 1 a thing crosses 1.5 to 4.5 percent of the shorter side in a frame:
    1 to 3 pixels of 64."""
    predictability: Share = 1.0
    """How likely a thing keeps its course from one group of frames to the next. At 1 the future
    follows from the past; at 0 every group has another direction."""
    sprites: Extra = 3
    """Cut-outs in front of the background, each before those with lower numbers."""
    texel: Annotated[float, Range(1.0, 10_000.0)] = 1.5
    """Pixels that a texel is wide where nothing is enlarged: the more, the plainer is what moves.
    Finer ones than 1.5 would glitter: bilinear sampling blurs what lies between two, so no frame
    would be the one before it, moved."""
    kinds: tuple[str, ...] = KINDS
    """How things move, scene by scene in turn."""

    def __post_init__(self) -> None:
        check_ranges(self)
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ConfigError(
                f"kinds: must be some of {', '.join(KINDS)}, got {', '.join(self.kinds)}"
            )

    @property
    def short_side(self) -> int:
        """Pixels of one unit of length."""
        return min(self.height, self.width)
