"""Measuring two folders from beginning to end, on from where an earlier start was cut."""

import json
import time
from pathlib import Path

from pvvae import seeding
from pvvae.data.packing.sources import Source, frame_files
from pvvae.evaluation.folders.clip_sets import Task, open_sets
from pvvae.evaluation.folders.conclude import conclude
from pvvae.evaluation.folders.measure import ClipMeasurer
from pvvae.evaluation.folders.question import Question
from pvvae.metrics.results import Results
from pvvae.run.item_results import ItemResults, Row
from pvvae.run.progress_bar import progress


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
    kept = None if out is None else ItemResults(out.with_name(f"{out.name}.measured"))
    rows = _rows(question, tasks, device, kept)
    results = conclude(question, sets, rows, seconds=time.monotonic() - began)
    if out is not None and kept is not None:
        results.write(out)
        kept.discard()
    return results


def _rows(
    question: Question, tasks: list[Task], device: str, kept: ItemResults | None
) -> list[Row]:
    """What is measured of every task, in their order."""
    measure = ClipMeasurer(question, device=device)
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
