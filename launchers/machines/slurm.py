"""A pipeline as Slurm jobs that wait for one another.

A command waits for the runs that its config names: predictive training for image pretraining, the
latents for the VAE that encodes them. What has no run folder (``pvvae data``, ``pvvae report``)
waits for everything above it, and everything below waits for it.
"""

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchers.machines.command import ConsoleCommand, StageCommand
from launchers.machines.nodes import SWITCH, check_nodes
from launchers.machines.pipeline import Pipeline
from launchers.machines.queue import JOBS, check_free, need_sbatch, queued_jobs, read_jobs, told
from launchers.machines.shipped_configs import as_typed
from pvvae.errors import ConfigError, one_line
from pvvae.files import write_json
from pvvae.run.folder import check_same_config, is_done
from stages import program

SCRIPT = Path(__file__).parents[1] / "slurm.sbatch"
DOCTOR = "doctor"
"""Key of ``slurm:`` that is no option of sbatch: whether a job's nodes are examined first."""
ALWAYS = ("--requeue", "--open-mode=append", "--kill-on-invalid-dep=yes")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One command of a pipeline."""

    name: str
    """The run folder, or the command that has none."""
    words: tuple[str, ...]
    """What sbatch is given after its options."""
    after: tuple[int, ...]
    """The jobs it waits for."""
    done: bool = False
    facts: Mapping[str, Any]
    """Stage, number of steps, processes on a node; of a run."""


def plan(pipeline: Pipeline) -> list[Job]:
    """The jobs of a pipeline, in its order.

    Raises:
        ConfigError: for anything wrong with a config, or two commands with one run folder.
    """
    jobs: list[Job] = []
    barrier = 0  # jobs above the last command without a run folder, that one included
    for command in pipeline.commands:
        if isinstance(command, StageCommand):
            job = _run_job(command, jobs, barrier, pipeline)
        else:
            job = _other_job(command, after=tuple(range(len(jobs))))
            barrier = len(jobs) + 1
        jobs.append(job)
    return jobs


def submit(jobs: Sequence[Job], pipeline: Pipeline) -> None:
    """Submit what is neither finished nor queued.

    Raises:
        ConfigError: if there is no sbatch, or it refuses a job.
    """
    need_sbatch()
    path = pipeline.folder / JOBS
    records = {record["name"]: record for record in read_jobs(path)}
    queue = queued_jobs()
    ids: dict[int, str] = {}
    for number, job in enumerate(jobs):
        if job.done:
            print(f"{job.name}: finished already")
            continue
        known = records.get(job.name, {}).get("job")
        if known in queue:
            ids[number] = known
            print(f"{job.name}: queued already, job {known}")
            continue
        if "stage" in job.facts:
            check_free(Path(job.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        after = [ids[k] for k in job.after if k in ids]
        ids[number] = told(sbatch(job, number, pipeline, after=after)).strip().split(";")[0]
        records[job.name] = {"name": job.name, "job": ids[number], "after": after, **job.facts}
        write_json(path, list(records.values()))
        waits = f", after {', '.join(after)}" if after else ""
        print(f"{job.name}: job {ids[number]}{waits}", flush=True)


def script(jobs: Sequence[Job], pipeline: Pipeline) -> Iterator[str]:
    """Lines of a shell script that would submit the same."""
    yield "#!/usr/bin/env bash"
    yield from (f"# {line}".rstrip() for line in [f"{SCRIPT}:", *SCRIPT.read_text().splitlines()])
    yield "set -e"
    yield shlex.join(["mkdir", "-p", str((pipeline.folder / JOBS).parent)])
    for number, job in enumerate(jobs):
        if job.done:
            yield f"# {one_line(job.name)}: finished already"
            continue
        after = [f"job{k + 1}" for k in job.after if not jobs[k].done]
        command = shell_words(sbatch(job, number, pipeline, after=after), jobs=after)
        yield f"job{number + 1}=$({command})"


def shell_words(command: Sequence[str], *, jobs: Sequence[str]) -> str:
    """A command of sbatch as a shell takes it: all quoted, but for the variables of its jobs.

    Args:
        command: in words; what it waits for are the ``jobs``, and the word is its own.
        jobs: names of variables, which the shell fills in.
    """
    ending, filled = "".join(f":{name}" for name in jobs), "".join(f":${name}" for name in jobs)
    known = {
        f"--dependency={when}{ending}": f"--dependency={when}{filled}"
        for when in ("afterok", "afterany")
        if jobs
    }
    return " ".join(known.get(word) or shlex.quote(word) for word in command)


def sbatch(job: Job, number: int, pipeline: Pipeline, *, after: Sequence[str]) -> list[str]:
    """The command that submits a job."""
    log = pipeline.folder / Path(JOBS).parent / f"{number + 1:02d}_{_plain(job.name)}-%j.log"
    processes = job.facts.get("processes")
    export = [f"PVVAE_PYTHON={sys.executable}"]
    export += [f"PVVAE_PROCESSES={processes}"] if processes else []
    export += exports(pipeline.slurm)
    return [
        "sbatch",
        "--parsable",
        *ALWAYS,
        f"--export={','.join(['ALL', *export])}",
        f"--job-name={job.name}",
        f"--output={log}",
        *options(pipeline.slurm),
        *([f"--dependency=afterok:{':'.join(after)}"] if after else []),
        *job.words,
    ]


def options(slurm: Mapping[str, Any]) -> list[str]:
    """The pipeline's ``slurm:`` mapping as words.

    Raises:
        ConfigError: for what YAML has made something else of.
    """
    words = []
    for name, value in slurm.items():
        if name == DOCTOR:
            continue  # the job's own: see exports
        if name == "time" and isinstance(value, int):
            raise ConfigError(
                f"slurm.time: YAML reads 24:00:00 as a number of seconds (here {value}); write "
                "days-hours:minutes:seconds, like 1-00:00:00"
            )
        if isinstance(value, list | dict) or value is None:
            raise ConfigError(f"slurm.{name}: must be one value, as in --{name}=value of sbatch")
        if value is not False:
            words.append(f"--{name}" if value is True else f"--{name}={value}")
    return words


def exports(slurm: Mapping[str, Any]) -> list[str]:
    """What a job is told of the ``slurm:`` mapping by its environment.

    Raises:
        ConfigError: for a ``doctor`` that is neither true nor false.
    """
    if not isinstance(asked := slurm.get(DOCTOR, True), bool):
        raise ConfigError(f"slurm.{DOCTOR}: must be true or false, got {asked!r}")
    return [] if asked else [f"{SWITCH}=0"]


def _run_job(command: StageCommand, jobs: Sequence[Job], barrier: int, pipeline: Pipeline) -> Job:
    if command.hostfile is not None:
        raise ConfigError(f"{pipeline.path}: Slurm chooses the machines; leave --hostfile out")
    config = command.load()
    plain = program.resolved(config)
    same = [number for number, job in enumerate(jobs) if _same(job.name, config.run)]
    if same:
        raise ConfigError(
            f"{pipeline.path}: commands {same[0] + 1} and {len(jobs) + 1} write one run folder, "
            f"{config.run}; give one of them another run=..."
        )
    check_same_config(Path(config.run), plain)
    check_nodes(config, pipeline.slurm, command.processes)
    named = set(_texts(plain))
    needed = [k for k, job in enumerate(jobs) if any(_same(job.name, text) for text in named)]
    facts = {"stage": plain["stage"], "steps": plain.get("steps")}
    facts |= {"processes": command.processes}  # on each node
    return Job(
        name=config.run,
        words=(str(SCRIPT), as_typed(command.config), *command.overrides),
        after=tuple(sorted({*needed, *range(barrier)[-1:]})),
        done=is_done(Path(config.run), plain),
        facts=facts,
    )


def _other_job(command: ConsoleCommand, *, after: tuple[int, ...]) -> Job:
    one = ("--nodes=1", f"--wrap={shlex.join(command.line)}")
    return Job(name=shlex.join(["pvvae", *command.words]), words=one, after=after, facts={})


def _same(one: str, other: str) -> bool:
    return Path(one).absolute() == Path(other).absolute()


def _texts(value: Any) -> Iterator[str]:
    """All texts in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _texts(part)


def _plain(name: str) -> str:
    """A name that a file can have, and sbatch leaves alone."""
    return re.sub(r"[^\w.-]+", "_", Path(name).name)
