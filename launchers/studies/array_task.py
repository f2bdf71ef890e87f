"""What a task of a study's array is to do: all that was known when it was submitted.

A job may wait for days. It runs the config that its address was made of, whatever the YAML says by
then; it begins only if the runs that it builds on are complete; and it notes what became of it in
the study's journal.
"""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from launchers.machines.command import ConsoleCommand
from launchers.machines.local import exit_status
from launchers.machines.queue import JOBS
from launchers.studies.attempt import ENDED, MISTAKE, last_word
from launchers.studies.local import machine
from launchers.studies.request import StudyRequest
from pvvae.errors import ConfigError
from pvvae.files import write_text
from pvvae.study.outcomes import MARK, is_complete
from pvvae.study.runs.journal import Attempt, Journal
from pvvae.study.spec.expansion import Task
from pvvae.study.spec.references import referred

CONFIGS = "configs"
"""Folder beside the jobs of a study: what they run."""


@dataclass(frozen=True, kw_only=True)
class ArrayTask:
    """One run, from what was asked for."""

    study: str
    """The study's folder."""
    stage: str
    address: str
    run: str
    needs: Mapping[str, bool]
    """Folders of the runs that it builds on, and whether a command makes them."""
    config: Mapping[str, Any] | None
    """Resolved, run folder and seed included; of a command there is none."""
    words: tuple[str, ...]
    """Words of a command, without ``pvvae``."""
    retries: int

    @property
    def line(self) -> str:
        """This task as a line of a file of errands."""
        return json.dumps(asdict(self))

    @property
    def done(self) -> bool:
        """Whether its run is complete."""
        return is_complete(Path(self.run), command=self.config is None)

    @property
    def log(self) -> Path:
        """What Slurm writes of this task."""
        return log_path(
            Path(self.study),
            self.stage,
            array=os.environ.get("SLURM_ARRAY_JOB_ID", ""),
            task=os.environ.get("SLURM_ARRAY_TASK_ID", ""),
        )

    def check_needs(self) -> None:
        """Refuse to build on a run that is not complete, such as one that failed on its way.

        Raises:
            ConfigError: naming it.
        """
        for folder, command in self.needs.items():
            with suppress(OSError):
                os.listdir(folder)  # a network disk may not have looked since another node wrote
            if not is_complete(Path(folder), command=command):
                raise ConfigError(
                    f"{self.run}: not started, because it builds on {folder}, which is not "
                    "complete; look there for the reason, then run the study again"
                )

    def write_config(self) -> Path:
        """The YAML that is run."""
        path = Path(self.study, JOBS).parent / CONFIGS / f"{self.address}.yaml"
        write_text(path, yaml.safe_dump(self.config, sort_keys=False))
        return path

    def give(self) -> int:
        """Give the command until it succeeds, is a mistake, or has been tried often enough."""
        for _ in range(self.retries + 1):
            began = time.monotonic()
            self.begin()
            command = ConsoleCommand(words=self.words)
            print(f"pvvae {shlex.join(command.words)}", flush=True)
            status = exit_status(subprocess.run(command.line, stdin=subprocess.DEVNULL).returncode)
            if status == 0:
                write_text(Path(self.run) / MARK, "")
            self.note(status, seconds=time.monotonic() - began, stopped=status in ENDED)
            if status in (0, MISTAKE, *ENDED):
                break
        return status

    def begin(self) -> None:
        """Note that an attempt begins: of one that is killed nothing else is known."""
        Journal(Path(self.study)).begin(self.address)

    def note(self, status: int, *, seconds: float, stopped: bool = False, why: str = "") -> None:
        """Add an attempt to the journal; what it said of its failure is in its log."""
        failed = (why or last_word(self.log, status)) if status and not stopped else ""
        nodes = int(os.environ.get("SLURM_JOB_NUM_NODES", 1))
        Journal(Path(self.study)).add(
            Attempt(
                address=self.address,
                stage=self.stage,
                run=self.run,
                seconds=round(seconds, 1),
                machine=f"{nodes} nodes of {machine()}" if nodes > 1 else machine(),
                failed=failed,
                stopped=stopped,
            )
        )


def errand(asked: StudyRequest, task: Task) -> ArrayTask:
    """What is to be done for a run."""
    command = "command" in task.plain
    tasks = asked.expansion.tasks
    needed = [tasks[address] for address in task.needs.values()]
    return ArrayTask(
        study=str(asked.folder),
        stage=task.stage,
        address=task.address,
        run=str(task.folder),
        needs={str(other.folder): "command" in other.plain for other in needed},
        config=None if command else _config(task, asked),
        words=asked.command(task).words if command else (),
        retries=asked.study.retries,
    )


def read_errand(path: Path) -> ArrayTask:
    """The run that this task of an array does: its line of a file.

    Raises:
        ConfigError: if there is none.
    """
    number = int(os.environ.get("SLURM_ARRAY_TASK_ID", -1))
    lines = path.read_text().splitlines()
    if not 0 <= number < len(lines):
        raise ConfigError(f"{path}: has no line for task {number} of an array")
    plain = json.loads(lines[number])
    return ArrayTask(**{**plain, "words": tuple(plain["words"])})


def log_path(study: Path, stage: str, *, array: str, task: str) -> Path:
    """Where a task's output goes; Slurm fills in %A and %a."""
    return (study / JOBS).parent / f"{stage}-{array}_{task}.log"


def _config(task: Task, asked: StudyRequest) -> Mapping[str, Any]:
    tasks = asked.expansion.tasks
    folders = {stage: str(tasks[address].folder) for stage, address in task.needs.items()}
    seed = {} if task.seed is None else {"seed": task.seed}
    return {**referred(task.plain, folders), "run": str(task.folder), **seed}
