"""When the frames of a video are shown, and how wide its pixels are: what a copy of it keeps."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

from pvvae.data.video.decoding import decoded, opened, source_name
from pvvae.data.video.display import display_matrix, is_transposed
from pvvae.data.video.video import sample_aspect
from pvvae.errors import ConfigError

USUAL_RATE = Fraction(25)  # ours: where a file names no rate, as raw streams do not


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Times and shape of a video's frames, upright."""

    frames: int
    rate: Fraction
    """Frames a second, on average where they vary."""
    times: tuple[Fraction, ...] | None
    """Seconds from the first frame to each, and to the end of the last: one more than frames. None
    where frames come at a constant rate, or nothing usable says when."""
    timed: bool
    """Whether the file says when its frames are shown."""
    aspect: Fraction
    """Width of a pixel by its height."""

    def untimed(self, video: Path) -> str:
        """A line for those who get a constant rate instead of the file's times."""
        return (
            f"{video}: does not say when each frame is shown, or not in order; "
            f"written at {float(self.rate):g} frames a second"
        )


def read_timeline(
    source: Path | str | bytes, *, name: str | None = None, frames: int | None = None
) -> Timeline:
    """Decode ``source`` to its end, or its first ``frames`` frames.

    Raises:
        ConfigError: if it cannot be read to there, or has no frame.
    """
    with opened(source, name) as (container, stream):
        marks: list[tuple[int | None, int]] = []
        aspect = sample_aspect(stream)
        for frame in islice(decoded(container, stream), frames):
            if not marks and is_transposed(display_matrix(frame)):
                aspect = 1 / aspect
            marks.append((frame.pts, frame.duration or 0))
        rate = Fraction(stream.average_rate or stream.guessed_rate or USUAL_RATE)
        tick = Fraction(stream.time_base)
    if not marks:
        raise ConfigError(f"{source_name(source, name)}: has no frame")
    times = _times(marks, tick, rate)
    return Timeline(
        frames=len(marks),
        rate=rate,
        times=None if times is None or _is_constant(times, tick, rate) else times,
        timed=times is not None,
        aspect=aspect,
    )


def _times(
    marks: list[tuple[int | None, int]], tick: Fraction, rate: Fraction
) -> tuple[Fraction, ...] | None:
    """Seconds from the first frame; None if a frame has no time, or they do not increase."""
    stamps = [stamp for stamp, _ in marks if stamp is not None]
    if len(stamps) < len(marks) or any(later <= now for now, later in pairwise(stamps)):
        return None
    times = [(stamp - stamps[0]) * tick for stamp in stamps]
    last = marks[-1][1] * tick
    return (*times, times[-1] + (last if last > 0 else 1 / rate))


def _is_constant(times: tuple[Fraction, ...], tick: Fraction, rate: Fraction) -> bool:
    """Whether each frame begins within a tick of its place at a constant rate."""
    return all(abs(time - i / rate) <= tick for i, time in enumerate(times[:-1]))
