"""What is asked about two folders of clips."""

from dataclasses import dataclass
from pathlib import Path

from arch.ranges import Count, Length, Seed
from pvvae.config import check_ranges
from pvvae.errors import ConfigError

OF_FRAMES = ("psnr", "ssim", "lpips")
"""Between each frame of a clip and that of its partner."""


OF_PAIRS = ("rfvd", *OF_FRAMES)
"""Metrics that need to know which clip of B belongs to which of A."""


OF_SETS = ("fvd", "kvd", "rfvd")
"""Distances between sets: of clips that are all of one shape."""


METRICS = ("fvd", "kvd", "is", "rfvd", *OF_FRAMES)


FIRST16 = "first16"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Two folders, and how they are measured."""

    real: Path
    """A: real clips, or the originals."""
    generated: Path
    """B: generated clips, or the reconstructions."""
    metrics: tuple[str, ...]
    frames: Length | str = "all"
    """Leading frames of each clip: a number, ``all`` or ``first16``, as published FVDs have it."""
    size: tuple[int, int] | None = None
    """Height and width to bring all clips to; None leaves them as they are."""
    num: Count | None = None
    """Clips of each side, drawn by ``seed``; None is all."""
    seed: Seed = 0
    observed: Length | None = None
    """Leading frames that the encoder was shown: frames behind them were predicted."""
    i3d: Path | None = None
    """I3D's weights, if not from the installed package; they are the same, by checksum."""
    c3d: Path | None = None
    """C3D's weights, for IS over its classes too."""
    c3d_mean: Path | None = None
    """Mean cube of C3D's input; None looks in the cache."""

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in METRICS:
                raise ConfigError(f"--metrics: no {name!r}; known are {', '.join(METRICS)}")
        check_ranges(self)
        if self.observed is not None and not self.asks(*OF_FRAMES):
            raise ConfigError(
                f"--observed: splits {', '.join(OF_FRAMES)}; --metrics names none of them"
            )
        if self.c3d is not None and not self.asks("is"):
            raise ConfigError("--c3d: is for the metric `is`, which --metrics does not name")

    @property
    def wanted(self) -> int | None:
        """Number of frames to read of each clip; None is all."""
        if isinstance(self.frames, int):
            return self.frames
        return 16 if self.frames == FIRST16 else None

    @property
    def needs_real(self) -> bool:
        """Whether A is read at all."""
        return self.asks(*OF_SETS, *OF_PAIRS)

    @property
    def paired(self) -> bool:
        """Whether clips of A and B belong together, by name."""
        return self.asks(*OF_PAIRS)

    def asks(self, *metrics: str) -> bool:
        """Whether any of these is asked for."""
        return any(name in self.metrics for name in metrics)
