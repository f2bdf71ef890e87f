"""One attempt at one run: its process, its log, and what became of it."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launchers.machines.command import ConsoleCommand
from launchers.machines.local import UNFINISHED, exit_status, stage_command
from launchers.studies.request import StudyRequest
from pvvae.run.folder import is_finished
from pvvae.run.stop_request import STOPPED
from pvvae.study.outcomes import MARK
from pvvae.study.spec.expansion import Task

LOGS = "logs"
"""Folder in a study's folder: what each run printed."""
MISTAKE = 2
"""Status of a run that said in one line what is wrong; another try would say it again."""
ENDED = (130, STOPPED)
"""Statuses of a run that was ended from outside, which is no failure."""
SLURM = ("srun: ", "slurmstepd: ")
"""How lines begin that Slurm adds, after a failure's own last word."""
LONGEST = 240
"""Characters of a failure. Ours: three lines of the page."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An attempt that is over."""

    task: Task
    seconds: float
    status: int
    failed: str
    """Why, if it did."""


def attempt(
    task: Task, asked: StudyRequest, *, processes: int, environment: Mapping[str, str]
) -> Ended:
    """Give the run's command, and wait for its end."""
    log = asked.folder / LOGS / f"{task.stage}-{task.folder.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = _command(task, asked, processes=processes)
    began = time.monotonic()
    with log.open("ab") as file:
        # In a session of its own: Ctrl-C would make every process of it print a traceback.
        process = subprocess.Popen(
            command,
            env=os.environ | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = exit_status(process.wait())
    if status == 0 and "command" not in task.plain and not is_finished(task.folder):
        status = UNFINISHED
    if status == 0 and "command" in task.plain:
        task.folder.mkdir(parents=True, exist_ok=True)
        (task.folder / MARK).touch()
    seconds = time.monotonic() - began
    failed = last_word(log, status) if status else ""
    return Ended(task=task, seconds=seconds, status=status, failed=failed)


def _command(task: Task, asked: StudyRequest, *, processes: int) -> list[str]:
    command = asked.command(task)
    if isinstance(command, ConsoleCommand):
        return command.line
    return stage_command(command.config, command.overrides, processes=processes)


def last_word(log: Path, status: int) -> str:
    """What a run said of its failure: our own line, else the last one."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(SLURM)]
    own = [line.removeprefix("pvvae: ") for line in lines if line.startswith("pvvae: ")]
    said = own[-1] if own and status == MISTAKE else lines[-1] if lines else "it said nothing"
    return f"{said[:LONGEST]} (status {status}, see {log})"
