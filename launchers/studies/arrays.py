"""A study on Slurm: an array of jobs for each stage, a set number of its tasks at once.

An array begins when those of the stages that it builds on are over, however they ended. Each of its
tasks then asks whether the runs that it builds on are complete, and does nothing if not: a run that
failed costs its own cells alone (:mod:`launchers.studies.array_task`). The last job writes the
page.
"""

import hashlib
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launchers.machines.queue import JOBS, need_sbatch, queued_jobs, read_jobs, told
from launchers.machines.slurm import ALWAYS, SCRIPT, exports, options, shell_words
from launchers.studies.array_task import errand, log_path
from launchers.studies.request import StudyRequest
from launchers.studies.show import counted
from pvvae.errors import ConfigError, one_line
from pvvae.files import write_json, write_text
from pvvae.study.runs.gathering import is_done
from pvvae.study.spec.expansion import Task

AT_ONCE = 8
"""Tasks of an array at the same time. Ours: a node of eight GPUs, one each."""
REPORT = "report"
"""The job that writes the page."""


@dataclass(frozen=True, kw_only=True)
class Array:
    """The runs of a stage that are to be submitted."""

    stage: str
    tasks: tuple[Task, ...]
    lines: tuple[str, ...]
    """What each is told."""
    path: Path
    """Where the lines are put; named by them: an earlier submission's may be in use."""
    after: tuple[str, ...]
    """Stages that it builds on."""
    command: bool


def arrays(asked: StudyRequest, queued: Sequence[str] = ()) -> list[Array]:
    """What is neither finished nor queued (run folders), stage by stage.

    Raises:
        ConfigError: if two stages build on one another in different cells.
    """
    groups: dict[str, list[Task]] = {}
    for task in asked.expansion.tasks.values():
        groups.setdefault(task.stage, []).append(task)
    return [
        _array(asked, stage, groups[stage], queued)
        for stage in _in_order({s: _needs(tasks) for s, tasks in groups.items()})
    ]


def submit(asked: StudyRequest) -> None:
    """Submit what is neither finished nor queued, and the page after all of it.

    Raises:
        ConfigError: if there is no sbatch, or it refuses a job.
    """
    need_sbatch()
    path = asked.folder / JOBS
    queue = queued_jobs()
    records = {r["name"]: r for r in read_jobs(path) if r["job"] in queue}
    jobs: dict[str, list[str]] = {}  # ids by stage
    for task in asked.expansion.tasks.values():
        if str(task.folder) in records:
            jobs.setdefault(task.stage, []).append(records[str(task.folder)]["job"])
    for array in arrays(asked, tuple(records)):
        if not array.tasks:
            continue
        write_text(array.path, "".join(f"{line}\n" for line in array.lines))
        after = [job for stage in array.after for job in jobs.get(stage, [])]
        job = told(_sbatch(asked, array, after)).strip().split(";")[0]
        jobs.setdefault(array.stage, []).append(job)
        for number, task in enumerate(array.tasks):
            facts = {"stage": task.stage, "steps": task.plain.get("steps")}
            name = str(task.folder)
            records[name] = {"name": name, "job": f"{job}_{number}", "after": after, **facts}
        write_json(path, list(records.values()))
        print(f"{array.stage}: job {job}, {counted(len(array.tasks), 'task')}", flush=True)
    everything = [job for ids in jobs.values() for job in ids]
    print(f"{REPORT}: job {told(_report(asked, everything)).strip()}", flush=True)


def script(asked: StudyRequest) -> Iterator[str]:
    """Lines of a shell script that would submit the same."""
    yield "#!/usr/bin/env bash"
    yield from (f"# {line}".rstrip() for line in [f"{SCRIPT}:", *SCRIPT.read_text().splitlines()])
    yield "set -e"
    yield shlex.join(["mkdir", "-p", str((asked.folder / JOBS).parent)])
    variables: dict[str, str] = {}
    for array in arrays(asked):
        if not array.tasks:
            yield f"# {one_line(array.stage)}: finished already"
            continue
        yield f"cat > {shlex.quote(str(array.path))} <<'EOF'"
        yield from array.lines
        yield "EOF"
        after = [variables[stage] for stage in array.after if stage in variables]
        variables[array.stage] = f"job{len(variables) + 1}"
        command = shell_words(_sbatch(asked, array, after), jobs=after)
        yield f"{variables[array.stage]}=$({command})"
    everything = list(variables.values())
    yield shell_words(_report(asked, everything), jobs=everything)


def _array(asked: StudyRequest, stage: str, tasks: Sequence[Task], queued: Sequence[str]) -> Array:
    left = [t for t in tasks if not is_done(t) and str(t.folder) not in queued]
    command = asked.study.stages[stage].command is not None
    lines = tuple(errand(asked, task).line for task in left)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
    return Array(
        stage=stage,
        tasks=tuple(left),
        lines=lines,
        path=(asked.folder / JOBS).parent / f"{stage}-{digest}.txt",
        after=tuple(sorted(_needs(tasks))),
        command=command,
    )


def _needs(tasks: Sequence[Task]) -> set[str]:
    return {stage for task in tasks for stage in task.needs}


def _in_order(needs: Mapping[str, set[str]]) -> list[str]:
    """Stages, each after those that any of its runs builds on."""
    order: list[str] = []
    while len(order) < len(needs):
        ready = [s for s in needs if s not in order and needs[s] <= set(order)]
        if not ready:
            rest = ", ".join(s for s in needs if s not in order)
            raise ConfigError(
                f"--slurm: stages follow one another in different orders in different cells: {rest}"
            )
        order += ready
    return order


def _sbatch(asked: StudyRequest, array: Array, after: Sequence[str]) -> list[str]:
    slurm = dict(asked.study.slurm)
    at_once = slurm.pop("at_once", AT_ONCE)
    if not isinstance(at_once, int) or at_once < 1:
        raise ConfigError(f"slurm.at_once: must be 1 or more, got {at_once}")
    name = f"{asked.folder.name}/{array.stage}"
    log = log_path(asked.folder, array.stage, array="%A", task="%a")
    return [
        "sbatch",
        "--parsable",
        *ALWAYS,
        f"--export={','.join(['ALL', f'PVVAE_PYTHON={sys.executable}', *exports(slurm)])}",
        f"--job-name={name}",
        f"--output={log}",
        f"--array=0-{len(array.tasks) - 1}%{at_once}",
        *options(slurm),
        *([f"--dependency=afterany:{':'.join(after)}"] if after else []),
        *(["--nodes=1"] if array.command else []),
        *[str(SCRIPT), "--tasks", str(array.path)],
    ]


def _report(asked: StudyRequest, after: Sequence[str]) -> list[str]:
    seeds = ["--seeds", *map(str, asked.seeds)]
    words = ["study", str(asked.path), *asked.overrides, *seeds, "--report"]
    command = shlex.join([sys.executable, "-m", "launchers", *words])
    slurm = {key: value for key, value in asked.study.slurm.items() if key != "at_once"}
    log = (asked.folder / JOBS).parent / f"{REPORT}-%j.log"
    return [
        "sbatch",
        "--parsable",
        f"--job-name={asked.folder.name}/{REPORT}",
        f"--output={log}",
        *options(slurm),
        *([f"--dependency=afterany:{':'.join(after)}"] if after else []),
        "--nodes=1",
        f"--wrap={command}",
    ]
