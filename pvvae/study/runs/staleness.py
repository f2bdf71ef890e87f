"""Whether an outcome is of the study as it stands, and if not, what has changed since."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.run.folder import bound, is_run, read_config
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.expansion import DIGITS, RUNS, Cell, Task
from pvvae.study.spec.references import REFERENCE
from pvvae.study.spec.study import Study

A_RUN = re.compile(rf"(.*/)?{RUNS}/[^/]+/([^/]*-)?[0-9a-f]{{{DIGITS}}}(/.*)?$")
"""A folder of a study's run, or what is in it."""


def why_stale(study: Study, cell: Cell, earlier: Outcome) -> str:
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
