"""Whether an outcome is of the study as it stands, and if not, what has changed since."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.run.folder import bound, is_run, read_config
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.expansion import DIGITS, RUNS, Task, Trial
from pvvae.study.spec.references import REFERENCE, referred
from pvvae.study.spec.study import Study


def why_another(cell: Trial) -> str:
    """The first run of a cell that was made with another config, and in what; nothing if none."""
    for stage, task in cell.runs.items():
        if "command" in task.plain or not is_run(task.folder):
            continue
        folders = {other: str(run.folder) for other, run in cell.runs.items()}
        lines = _differences(task, folders)
        if lines:
            return (
                f"stage {stage}: {task.folder} was made with another config: {lines[0]}; remove "
                "it and give the study again"
            )
    return ""


def _differences(task: Task, folders: Mapping[str, str]) -> list[str]:
    then = bound(_config(task.folder, (task.folder / "config.yaml").stat().st_mtime_ns))
    now = bound({**task.plain, "seed": task.seed} if task.seed is not None else task.plain)
    return codec.differences(then, {key: _asked(now[key], then.get(key), folders) for key in now})


def _asked(now: Any, then: Any, folders: Mapping[str, str]) -> Any:
    """What the study asks for, the runs of a study that was moved meanwhile where they were."""
    if now == then:
        return now
    if isinstance(now, str) and (found := REFERENCE.match(now)):
        digits = Path(folders[found[1]]).name[-DIGITS:]  # its label may be another study's
        moved = isinstance(then, str) and any(p[-DIGITS:] == digits for p in Path(then).parts)
        return then if moved else referred(now, folders)
    if isinstance(now, Mapping):
        parts = then if isinstance(then, Mapping) else {}
        return {key: _asked(part, parts.get(key), folders) for key, part in now.items()}
    if isinstance(now, list | tuple):
        items = then if isinstance(then, list) and len(then) == len(now) else [None] * len(now)
        return [_asked(part, old, folders) for part, old in zip(now, items, strict=True)]
    return now


@cache
def _config(folder: Path, _written: int) -> dict[str, Any]:
    """Read once for all cells, unless it is written anew."""
    return read_config(folder)


A_RUN = re.compile(rf"(.*/)?{RUNS}/[^/]+/([^/]*-)?[0-9a-f]{{{DIGITS}}}(/.*)?$")
"""A folder of a study's run, or what is in it."""


def why_stale(study: Study, cell: Trial, earlier: Outcome) -> str:
    """What differs between the runs of an outcome and those that the study now asks for.

    Of what was changed the first stage is named: those after it only build on it. Nothing if the
    runs are the same; a stage that is read for a new measure is no difference, but one that gives
    a number that the outcome has of another is.
    """
    for stage, task in cell.runs.items():
        run = earlier.runs.get(stage)
        if run is not None and run[-DIGITS:] != task.address[:DIGITS]:
            return f"{stage}: {_difference(Path(run), task)}"
    for name, measure in study.measures.items():
        if name in earlier.values and measure.stage not in earlier.runs:
            return f"{name}: was not read in stage {measure.stage}"
    return ""


def _difference(run: Path, task: Task) -> str:
    """The first key in which a run's config is not the task's."""
    if not is_run(run):
        return f"was made otherwise, in {run}"
    then = {k: v for k, v in bound(read_config(run)).items() if k != "seed"}
    now = {k: v for k, v in bound(task.plain).items() if k != "seed"}
    lines = codec.differences(_masked(then), _masked(now))
    if not lines:
        return "builds on other runs"
    path, _, values = lines[0].partition(": ")
    before, _, after = values.partition(" != ")
    others = len(lines) - 1
    more = f", and {others} key{'s' if others > 1 else ''} more" if others else ""
    return f"{path} was {before} and is {after} now{more}"


def _masked(value: Any) -> Any:
    """Plain data in which runs of studies, by reference or by folder, are all the same."""
    if isinstance(value, str):
        return "a run" if A_RUN.match(value) or REFERENCE.match(value) else value
    if isinstance(value, Mapping):
        return {key: _masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return value
