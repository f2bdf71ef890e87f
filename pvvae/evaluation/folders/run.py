"""Measuring two folders from beginning to end, on from where an earlier start was cut."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from pvvae import seeding
from pvvae.data.packing.sources import Source, frame_files
from pvvae.errors import ConfigError
from pvvae.evaluation.folders.clip_sets import Task, open_sets
from pvvae.evaluation.folders.conclude import conclude
from pvvae.evaluation.folders.measure import Measure
from pvvae.metrics.results import Results
from pvvae.run.item_results import Kept, Row
from pvvae.run.progress_bar import progress

OF_FRAMES = ("psnr", "ssim", "lpips")
"""Between each frame of a clip and that of its partner."""
OF_PAIRS = ("rfvd", *OF_FRAMES)
"""Those that need to know which clip of B belongs to which of A."""
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
    frames: int | str = "all"
    """Leading frames of each clip: a number, ``all`` or ``first16``, as published FVDs have it."""
    size: tuple[int, int] | None = None
    """Height and width to bring all clips to; None leaves them as they are."""
    num: int | None = None
    """Clips of each side, drawn by ``seed``; None is all."""
    seed: int = 0
    observed: int | None = None
    """Leading frames that the encoder was shown: frames behind them were predicted."""
    i3d: Path | None = None
    """I3D's weights, if not from the installed package; they are the same, by checksum."""
    c3d: Path | None = None
    """C3D's weights, for IS over its classes too."""
    c3d_mean: Path | None = None
    """Its mean cube; None looks in the cache."""

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in METRICS:
                raise ConfigError(f"--metrics: no {name!r}; known are {', '.join(METRICS)}")
        numbers = {"--frames": self.wanted, "--num": self.num, "--observed": self.observed}
        for option, value in numbers.items():
            if value is not None and value < 1:
                raise ConfigError(f"{option}: must be at least 1, got {value}")
        if self.observed is not None and not self.asks(*OF_FRAMES):
            raise ConfigError(f"--observed: splits {', '.join(OF_FRAMES)}; none of them is asked")
        if self.c3d is not None and not self.asks("is"):
            raise ConfigError("--c3d: is for the metric is, which is not asked")

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


def measure_sets(question: Question, *, device: str, out: Path | None = None) -> Results:
    """Answer a question; with ``out`` that is written there.

    What is measured of each clip is kept in ``OUT.measured`` until then, and used by a later start
    for which it is the same: the same files, measured in the same way.

    Raises:
        ConfigError: if something cannot be measured, or a file cannot be written.
    """
    began = time.monotonic()
    sets = open_sets(question)
    tasks = sets.tasks(question)
    kept = None if out is None else Kept(out.with_name(f"{out.name}.measured"))
    rows = _rows(question, tasks, device, kept)
    results = conclude(question, sets, rows, seconds=time.monotonic() - began)
    if out is not None and kept is not None:
        results.write(out)
        kept.discard()
    return results


def _rows(question: Question, tasks: list[Task], device: str, kept: Kept | None) -> list[Row]:
    """What is measured of every task, in their order."""
    measure = Measure(question, device=device)
    keys = [_key(question, task, device) for task in tasks]
    left = [i for i, key in enumerate(keys) if kept is None or not kept.has(key)]
    rows: dict[int, Row] = {}
    with progress("measuring", len(tasks), start=len(tasks) - len(left)) as bar:
        for i in left:
            row = measure.row(*tasks[i])
            if kept is None:
                rows[i] = row
            else:
                kept.keep(keys[i], row)
            bar.update()
    return [rows[i] for i in range(len(tasks))] if kept is None else kept.rows(keys)


def _key(question: Question, task: Task, device: str) -> int:
    """A number for everything that a row depends on: how it is measured, and of which files."""
    how = [question.metrics, question.frames, question.size, device]
    files = [question.c3d, question.c3d_mean]
    for clip in task:
        files += [None] if clip is None else _files(clip)
    return seeding.key("row", json.dumps([how, [_state(file) for file in files]]))


def _files(clip: Source) -> list[Path]:
    return frame_files(clip) if clip.path.is_dir() else [clip.path]


def _state(file: Path | None) -> list[str | int]:
    """What changes when a file is written again."""
    if file is None:
        return []
    facts = file.stat()
    return [str(file), facts.st_size, facts.st_mtime_ns]
