"""What scenes are made: their size, and how things move in them."""

from dataclasses import dataclass

from pvvae.bounds import at_least
from pvvae.errors import ConfigError

KINDS = ("slide", "accelerate", "rotate", "pan", "zoom")
"""How things move; in the last two it is the camera that does. A scene's class."""


@dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """Settings that all scenes of a set share."""

    height: int = 64
    width: int = 64
    """Pixels. Lengths are relative to the shorter side: a scene is the same at any size."""
    frames: int = 33
    """The first of them are those of a shorter scene."""
    speed: float = 1.0
    """Factor on all motion. At 1 a thing crosses 1.5 to 4.5 percent of the shorter side in a frame:
    1 to 3 pixels of 64."""
    predictability: float = 1.0
    """How likely a thing keeps its course from one group of frames to the next. At 1 the future
    follows from the past; at 0 every group has another direction."""
    sprites: int = 3
    """Cut-outs in front of the background, each before those with lower numbers."""
    texel: float = 1.5
    """Pixels that a texel is wide where nothing is enlarged: the more, the plainer is what moves.
    Finer ones than 1.5 would glitter: bilinear sampling blurs what lies between two, so no frame
    would be the one before it, moved."""
    kinds: tuple[str, ...] = KINDS
    """How things move, scene by scene in turn."""

    def __post_init__(self) -> None:
        # Below 16 pixels a sprite is a spot of 3: ours.
        for name, size in (("height", self.height), ("width", self.width)):
            if size < 16:
                raise ConfigError(f"{name}: a scene has at least 16 pixels, got {size}")
        try:
            at_least(1, {"frames": self.frames})
            at_least(0, {"speed": self.speed, "sprites": self.sprites})
            at_least(1, {"texel": self.texel})
        except ValueError as error:
            raise ConfigError(str(error)) from None
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ConfigError(f"kinds: some of {', '.join(KINDS)}; got {', '.join(self.kinds)}")
        if not 0 <= self.predictability <= 1:
            raise ConfigError(f"predictability must be in [0, 1], got {self.predictability}")
        if not self.speed < float("inf"):
            raise ConfigError(f"speed must be finite, got {self.speed}")

    @property
    def short_side(self) -> int:
        """Pixels of one unit of length."""
        return min(self.height, self.width)
