"""What Slurm knows of jobs, and which job a run folder belongs to."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae.config.reading import read_json, read_text
from pvvae.errors import ConfigError

DESK = ".slurm"
"""Folder in a run folder: who writes the run, its hosts, the wish to stop."""
JOBS = "slurm/jobs.json"
"""In a pipeline's folder: what was submitted, for ``pvvae status`` and for the same line again."""
TIMEOUT = 60.0  # seconds; ours: a controller that does not answer by then is taken for absent


@dataclass(frozen=True)
class Queued:
    """A job that Slurm has not done with."""

    state: str
    """PENDING, RUNNING, COMPLETING, …"""
    reason: str
    """Why it is pending."""


def need_sbatch() -> None:
    """Refuse to submit where nothing can be submitted.

    Raises:
        ConfigError: if there is no sbatch.
    """
    if shutil.which("sbatch") is None:
        raise ConfigError(
            "--slurm: there is no sbatch here; give the command on a login node of a Slurm "
            "cluster, or with --dry-run to see what it would submit"
        )


def queued_jobs() -> dict[str, Queued]:
    """This user's jobs that are pending or running, by id; none where there is no Slurm."""
    if shutil.which("squeue") is None:
        return {}
    lines = told(["squeue", "--me", "--array", "--noheader", "--format=%i|%T|%r"]).splitlines()
    parts = [line.split("|", 2) for line in lines]
    return {job: Queued(state, reason) for job, state, reason in parts}


def told(command: Sequence[str]) -> str:
    """What a Slurm command prints.

    Raises:
        ConfigError: with its last line, if it fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{command[0]}: {error}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise ConfigError(f"{command[0]}: {said[-1].removeprefix(f'{command[0]}: ')}")
    return done.stdout


def job_of(run: Path) -> str | None:
    """The job that wrote a run last."""
    path = run / DESK / "job"
    return read_text(path).strip() if path.is_file() else None


def claim(run: Path, job: str) -> None:
    """Note that ``job`` writes the run.

    Raises:
        ConfigError: if another job is writing it.
    """
    from pvvae.files import write_text

    check_free(run, job)
    write_text(run / DESK / "job", f"{job}\n")


def check_free(run: Path, job: str | None = None) -> None:
    """Refuse a run that a job other than ``job`` is writing.

    Raises:
        ConfigError: naming that job.
    """
    other = job_of(run)
    if other in (None, job):
        return
    found = queued_jobs().get(other or "")
    if found is not None and found.state != "PENDING":
        raise ConfigError(
            f"{run}: job {other} is writing this run; wait for it, or scancel {other} and give the "
            "same command again"
        )


def read_jobs(path: Path) -> list[dict[str, Any]]:
    """What was submitted, in order; nothing if nothing was."""
    if not path.is_file():
        return []
    try:
        records = read_json(path)
    except ConfigError as error:
        raise ConfigError(f"{error}; remove it") from None
    if not isinstance(records, list) or not all(map(_is_record, records)):
        raise ConfigError(f"{path}: damaged: not a list of jobs; remove it")
    return records


def _is_record(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and all(isinstance(data.get(key, ""), str) for key in ("name", "job", "stage"))
        and {"name", "job"} <= data.keys()
    )
