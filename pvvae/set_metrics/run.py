"""Measuring two folders from beginning to end, on from where an earlier start was cut."""

import time
from dataclasses import asdict
from pathlib import Path

from pvvae.files import write_text
from pvvae.kept import Kept, Row
from pvvae.progress import progress, say
from pvvae.results import Results
from pvvae.set_metrics.clip_sets import ClipSets, fingerprint, open_sets
from pvvae.set_metrics.conclude import conclude
from pvvae.set_metrics.measure import Measure
from pvvae.set_metrics.question import Question

QUESTION = "question.txt"


def measure_sets(question: Question, *, device: str, out: Path | None = None) -> Results:
    """Answer a question; with ``out`` that is written there, and each clip's rows beside it.

    Rows are kept in ``OUT.measured`` until the answer is written, and used again if the question
    and all files are those of before.

    Raises:
        ConfigError: if something cannot be measured, or a file cannot be written.
    """
    began = time.monotonic()
    sets = open_sets(question)
    kept = None if out is None else _kept(out, question, sets, device)
    rows = _rows(question, sets, device, kept)
    results = conclude(question, sets, rows, seconds=time.monotonic() - began)
    if out is not None and kept is not None:
        results.write(out)
        kept.discard()
    return results


def _kept(out: Path, question: Question, sets: ClipSets, device: str) -> Kept:
    """The rows beside ``out``; those of another question are removed."""
    folder = out.with_name(f"{out.name}.measured")
    asked = f"{asdict(question)}\n{fingerprint(sets)}\n{device}\n"
    path = folder / QUESTION
    kept = Kept(folder)
    if folder.exists() and not (path.exists() and path.read_text() == asked):
        say(f"{folder}: of another question or of other files; measured anew")
        kept.discard()
    write_text(path, asked)
    return kept


def _rows(question: Question, sets: ClipSets, device: str, kept: Kept | None) -> list[Row]:
    """What is measured of every clip or pair, in the order of the sets."""
    tasks = sets.tasks(question)
    measure = Measure(question, device=device)
    left = [i for i in range(len(tasks)) if kept is None or not kept.has(i)]
    rows: dict[int, Row] = {}
    with progress("measuring", len(tasks), start=len(tasks) - len(left)) as bar:
        for i in left:
            row = measure.row(*tasks[i])
            if kept is None:
                rows[i] = row
            else:
                kept.keep(i, row)
            bar.update()
    return [rows[i] for i in range(len(tasks))] if kept is None else kept.rows(range(len(tasks)))
