"""What the runs of a cell found, put together; and what has become of cells that found nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pvvae.config.reading import expected_form, read_object
from pvvae.errors import ConfigError
from pvvae.run.folder import read_metrics
from pvvae.study.outcomes import (
    OUTCOMES,
    Outcome,
    Point,
    file_name,
    is_complete,
    read_outcome,
    write_outcome,
)
from pvvae.study.runs.journal import Journal
from pvvae.study.runs.staleness import why_another, why_stale
from pvvae.study.spec.entries import MeasureEntry, ValueReference
from pvvae.study.spec.expansion import Task, Trial
from pvvae.study.spec.study import Study

RESULTS = "results.json"
"""What an evaluation writes (pvvae/metrics/results.py, which imports numpy)."""

Flops = Callable[[Trial], float | None]
"""FLOPs of all training that a cell is made of, if known; its runs are complete."""


def is_done(task: Task) -> bool:
    """Whether a run is complete."""
    return is_complete(task.folder, command="command" in task.plain)


def settle(
    study: Study, cell: Trial, journal: Journal, *, flops: Flops | None = None
) -> Outcome | None:
    """Write the cell's outcome as it stands now; None if there is none yet.

    Args and errors are those of ``found_now``.
    """
    outcome = found_now(study, cell, journal, flops=flops)
    if outcome is not None:
        write_outcome(Path(study.folder), outcome)
    return outcome


def found_now(
    study: Study, cell: Trial, journal: Journal, *, flops: Flops | None = None
) -> Outcome | None:
    """The cell's outcome as it stands now, written nowhere; None if there is none yet.

    Args:
        study: whose cell it is.
        cell: with its runs.
        journal: of the study.
        flops: what cells trained with; asked for where the answer is drawn against it.

    Raises:
        ConfigError: for a measure that its stage does not give.
    """
    if not all(is_done(task) for task in cell.runs.values()):
        return _unfinished(study, cell, journal)
    other = why_another(cell)
    if other:
        return _failed(cell, other)
    found = _found(study, cell, journal, flops)
    return _with_known(found, earlier_outcome(Path(study.folder), cell))


def earlier_outcome(folder: Path, cell: Trial) -> Outcome | None:
    """What was found before, with values."""
    path = folder / OUTCOMES / file_name(cell.arm, cell.seed)
    outcome = read_outcome(path) if path.is_file() else None
    return outcome if outcome is not None and outcome.values else None


def stale_cells(study: Study, cells: Sequence[Trial]) -> dict[str, str]:
    """Cells whose outcome is of runs other than the study's, which would be made now; and why."""
    found = {}
    for cell in cells:
        earlier = earlier_outcome(Path(study.folder), cell)
        made = all(is_done(task) for task in cell.runs.values())
        why = "" if earlier is None or made else why_stale(study, cell, earlier)
        if why:
            found[cell.name] = why
    return found


def _unfinished(study: Study, cell: Trial, journal: Journal) -> Outcome | None:
    """Outcome of an unfinished cell: a failure, or its earlier outcome marked stale; else None."""
    failed = _failure(cell, journal)
    if failed:  # of the study as it stands, which says more than that older values are stale
        return _failed(cell, failed)
    earlier = earlier_outcome(Path(study.folder), cell)
    stale = "" if earlier is None else why_stale(study, cell, earlier)
    return replace(earlier, stale=stale) if earlier is not None and stale else None


def _with_known(found: Outcome, earlier: Outcome | None) -> Outcome:
    """An outcome with the hours and the machine that an earlier one has of the same runs.

    The journal says them once; where it is gone, as in a copy of the runs alone, they stay known.
    """
    if earlier is None or earlier.runs != found.runs or earlier.stale:
        return found
    hours = {name: earlier.costs[name] for name in ("seconds",) if name in earlier.costs}
    return replace(found, costs={**hours, **found.costs}, machine=found.machine or earlier.machine)


def _failed(cell: Trial, why: str) -> Outcome:
    return Outcome(arm=cell.arm, seed=cell.seed, runs=_runs(cell), failed=why)


def _failure(cell: Trial, journal: Journal) -> str:
    for task in cell.runs.values():
        why = "" if is_done(task) else journal.failed(task.address)
        if why:
            return f"stage {task.stage} failed: {why}"
    return ""


def _found(study: Study, cell: Trial, journal: Journal, flops: Flops | None) -> Outcome:
    measures = {name: m for name, m in study.measures.items() if not _lacks(m, cell)}
    values = {name: _number(name, m, cell) for name, m in measures.items()}
    costs = {name: _number(name, reading, cell) for name, reading in study.costs.items()}
    seconds = [journal.seconds(task.address) for task in cell.runs.values()]
    if all(seconds):
        costs["seconds"] = sum(seconds)
    wanted = study.answer.kind == "pareto" or study.answer.x == "flops"
    if wanted and flops is not None and (spent := flops(cell)) is not None:
        costs["flops"] = spent
    return Outcome(
        arm=cell.arm,
        seed=cell.seed,
        values=values,
        data={} if study.data is None else _data(cell.runs[study.data]),
        costs=costs,
        curves={name: _curve(m, cell) for name, m in study.measures.items() if m.of is not None},
        shared={
            name: _over_clips(m, cell)
            for name, m in measures.items()
            if cell.runs[m.stage].seed is None
        },
        runs=_runs(cell),
        machine=journal.machine([task.address for task in cell.runs.values()]),
    )


def _runs(cell: Trial) -> dict[str, str]:
    return {stage: str(task.folder) for stage, task in cell.runs.items()}


def _number(name: str, reading: ValueReference, cell: Trial) -> float:
    folder = cell.runs[reading.stage].folder
    if reading.of is not None:
        points = _curve(reading, cell)
        if not points:
            kinds = {line["kind"]: list(line) for line in read_metrics(folder)}
            raise ConfigError(
                f"{name}: {folder}/metrics.jsonl has no {reading.value!r} in lines of kind "
                f"{reading.of!r}; it has {_listed(kinds)}"
            )
        return points[-1][1]
    path = folder / RESULTS
    if not path.is_file():
        raise ConfigError(
            f"{name}: stage {reading.stage!r} writes no {RESULTS}; `of: held_out` reads its "
            "metrics.jsonl"
        )
    plain = _results(path)
    found = _at(plain, reading.value)
    if not isinstance(found, int | float):
        raise ConfigError(
            f"{name}: {path} gives no {reading.value!r}; it has {', '.join(plain['metrics'])}"
        )
    return float(found)


def _over_clips(measure: MeasureEntry, cell: Trial) -> Point | None:
    """The interval of a metric that its stage gives one."""
    path = cell.runs[measure.stage].folder / RESULTS
    if measure.of is not None or "." in measure.value or not path.is_file():
        return None
    ends = _results(path)["metrics"].get(measure.value, {}).get("interval")
    with expected_form(path):
        return None if ends is None else (float(ends[0]), float(ends[1]))


def _lacks(measure: MeasureEntry, cell: Trial) -> bool:
    """Whether an optional measure is not in its stage's results.json."""
    path = cell.runs[measure.stage].folder / RESULTS
    if not measure.optional or measure.of is not None or not path.is_file():
        return False
    return _at(_results(path), measure.value) is None


def _results(path: Path) -> dict[str, Any]:
    """A stage's results, whose metrics are a mapping of mappings."""
    plain = read_object(path)
    metrics = plain.get("metrics")
    if not isinstance(metrics, dict) or not all(isinstance(m, dict) for m in metrics.values()):
        raise ConfigError(f"{path}: damaged: metrics must be a mapping of values")
    return plain


def _at(plain: Mapping[str, Any], value: str) -> Any:
    """A metric by name, or what is at a path with dots."""
    if "." not in value:
        return plain["metrics"].get(value, {}).get("value")
    found: Any = plain
    for part in value.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _curve(reading: ValueReference, cell: Trial) -> tuple[Point, ...]:
    lines = read_metrics(cell.runs[reading.stage].folder, reading.of)
    return tuple(
        (float(line["step"]), float(line[reading.value]))
        for line in lines
        if isinstance(line.get(reading.value), int | float)
    )


def _listed(kinds: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{kind}: {', '.join(keys[2:])}" for kind, keys in kinds.items()) or "nothing"


def _data(task: Task) -> dict[str, float]:
    """Steps, and what the run says of its samples."""
    found = {"steps": float(task.plain["steps"])} if "steps" in task.plain else {}
    path = task.folder / "data.json"
    said = read_object(path) if path.is_file() else {}
    named = ("unique_samples", "epochs")
    with expected_form(path):
        return found | {name: float(said[name]) for name in named if name in said}
