"""``pvvae status``: how far runs are."""

import argparse
import fcntl
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launchers.arguments import add_command
from launchers.commands.configs import STAGES
from launchers.machines.queue import JOBS, Queued, job_of, queued_jobs, read_jobs
from pvvae.errors import ConfigError, one_line
from pvvae.run.folder import is_finished, read_config, read_metrics, runs_below
from pvvae.run.progress_file import FILE, ItemProgress

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
example:
  pvvae status runs

One line a run, in the order of the method: its folder and stage, how far it is, how fast and how
long it will take, the last metrics of each kind, and what went wrong on the way: steps skipped,
rollbacks, spikes. A run that has written nothing for ten minutes says for how long. Runs that wait
in Slurm's queue are there too.
"""

SHOWN = {
    "train": ("mse", "lpips", "gan", "flow"),
    "held_out": ("psnr", "lpips", "prediction_mse", "flow"),
}
"""Metrics of a kind that say most; of other kinds the first ones, for which there is room."""
ROOM = 4  # ours: values of one kind in a line
QUIET = 600.0
"""Seconds without a word after which it is said. Ours: ten lines of the log at paper size."""
MOST = 300
"""Characters of a row about a damaged run. Ours: two lines of a wide terminal."""
MANY = 5
"""Rows from which on they are counted in a last line. Ours: fewer are seen at a glance."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    status = add_command(
        commands, "status", help="print how far runs are", more=EXAMPLE, run=_status
    )
    status.add_argument(
        "runs", type=Path, nargs="?", default=Path("runs"), metavar="RUNS", help="default: runs"
    )


def _status(arguments: argparse.Namespace) -> int:
    records = _submitted(arguments.runs)
    try:
        runs = runs_below(arguments.runs)
    except ConfigError:
        if not records:
            raise
        runs = []
    runs.sort(key=_place)
    own = {run: _job(run) or _record_of(run, records).get("job") for run in runs}
    queue = queued_jobs() if records or any(own.values()) else {}
    rows = [(str(run), *_described(run, own[run], queue)) for run in runs]
    begun = {run.absolute() for run in runs}
    for record in records:
        if Path(record["name"]).absolute() not in begun:
            rows.append(_not_begun(record, queue))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True) if width)
        print("  ".join(cells).rstrip())
    if len(rows) >= MANY:
        print(_counted([row[2].split(",")[0] for row in rows]))
    return 0


def _job(run: Path) -> str | None:
    """The job that wrote a run last; None if that cannot be read either."""
    with suppress(ConfigError):
        return job_of(run)
    return None


def _place(run: Path) -> tuple[Path, int, str]:
    """Runs of one folder are in the order in which one needs them."""
    try:
        stage = read_config(run)["stage"]
    except ConfigError:
        stage = ""
    return run.parent, STAGES.index(stage) if stage in STAGES else len(STAGES), run.name


def _counted(states: Sequence[str]) -> str:
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{len(states)} runs: {counts}"


def _described(run: Path, job: str | None, queue: Mapping[str, Queued]) -> tuple[str, ...]:
    """A run's row, or what is wrong with it in its place."""
    try:
        return describe(run, job, queue)
    except ConfigError as error:
        return "", "damaged", "", "", one_line(error, MOST)


def describe(run: Path, job: str | None, queue: Mapping[str, Queued]) -> tuple[str, ...]:
    """Stage, state, steps, pace and last metrics of a run."""
    plain, lines = read_config(run), read_metrics(run)
    newest = {
        line["kind"]: line for line in sorted(lines, key=lambda line: line["kind"] != "train")
    }
    said = [f"{kind}: {_values(line)}" for kind, line in newest.items() if kind != "rollback"]
    metrics = "  ".join([*said, *_trouble(lines)])
    if "steps" in plain:
        steps, pace = _steps(newest.get("train", {}), lines, plain["steps"])
    else:
        steps, pace = _clips(ItemProgress.read(run))
    return plain["stage"], _state(run, job, queue), steps, "" if is_finished(run) else pace, metrics


def _steps(
    train: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], total: int
) -> tuple[str, str]:
    """How far a run is, how fast, and how long it will take if it stays so."""
    done = lines[-1]["step"] if lines else 0
    pace = train.get("times", {}).get("seconds_per_step") or 0.0
    how = f"{pace:.3g} s/step, {_hours((total - done) * pace)} left" if pace else ""
    return f"{done}/{total}", how


def _clips(standing: ItemProgress | None) -> tuple[str, str]:
    """How far a run without steps is, how fast, and how long it will take if it stays so."""
    if standing is None:
        return "", ""
    pace, left = standing.pace, standing.total - standing.done
    how = f"{pace:.3g} s/clip, {_hours(left * pace)} left" if pace else ""
    return f"{standing.done}/{standing.total} clips", how


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _submitted(runs: Path) -> list[dict[str, Any]]:
    """What pipelines whose folder is at or below ``runs`` have submitted to Slurm."""
    records = []
    for path in sorted(runs.rglob(JOBS)):
        try:
            records += read_jobs(path)
        except ConfigError as error:
            print(f"pvvae: {one_line(error)}", file=sys.stderr)
    return records


def _record_of(run: Path, records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    found = (r for r in records if Path(r["name"]).absolute() == run.absolute())
    return next(found, {})


def _not_begun(record: Mapping[str, Any], queue: Mapping[str, Queued]) -> tuple[str, ...]:
    found = queue.get(record["job"])
    steps = f"0/{record['steps']}" if record.get("steps") else ""
    state = _queued(record["job"], found) if found else ""
    if "stage" not in record:  # a command, which leaves nothing to look at
        state = state or "ended"
    return record["name"], record.get("stage", ""), state or "not begun", steps, "", ""


def _state(run: Path, job: str | None, queue: Mapping[str, Queued]) -> str:
    if is_finished(run):
        return "finished"
    if job is not None and job in queue:
        return _queued(job, queue[job])
    return ("running" if _is_held(run) else "interrupted") + _quiet(run)


def _quiet(run: Path) -> str:
    """For how long a run has written nothing, if that is long."""
    files = [path for name in ("metrics.jsonl", FILE) if (path := run / name).exists()]
    seconds = time.time() - max((path.stat().st_mtime for path in files), default=time.time())
    return f", quiet for {_hours(seconds)}" if seconds > QUIET else ""


def _trouble(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """What went wrong and was got over, as far as the metrics know."""
    rollbacks = sum(line["kind"] == "rollback" for line in lines)
    counts = {name: sum(_count(line.get(name)) for line in lines) for name in ("skipped", "spikes")}
    found = {"skipped": counts["skipped"], "rolled back": rollbacks, "spikes": counts["spikes"]}
    return [f"{name} {count}" for name, count in found.items() if count]


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _queued(job: str, found: Queued) -> str:
    states = {"PENDING": "waits" if found.reason == "Dependency" else "queued"}
    return f"{states.get(found.state, found.state.lower())}, job {job}"


def _is_held(run: Path) -> bool:
    """Whether a process has the run's lock."""
    try:
        with (run / ".lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _values(line: Mapping[str, Any]) -> str:
    numbers = {k: v for k, v in line.items() if isinstance(v, int | float) and k != "step"}
    names = [name for name in SHOWN.get(line["kind"], ()) if name in numbers]
    return " ".join(f"{name} {numbers[name]:.4g}" for name in (names or list(numbers))[:ROOM])
