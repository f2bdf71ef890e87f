"""The batch half of a Slurm job: one run on all its nodes, queued again until it is finished.

``launchers/slurm.sbatch`` turns into this program, so it gets the batch shell's signals. What
counts is what is in the run folder: a launcher that a signal ends may well say 0.
"""

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from launchers.local import UNFINISHED
from launchers.queue import DESK, claim, queued_jobs, told
from pvvae.accelerator import settle_accelerator
from pvvae.errors import ConfigError
from pvvae.files import write_text
from pvvae.run_folder import check_same_config, is_finished
from pvvae.stop_request import STOPPED, VARIABLE

GRACE = 100
"""Seconds from Slurm's signal to queueing again without a checkpoint. The signal comes 120 to 180
seconds before the limit (Slurm may be early, not late); the rest is for the queueing."""
TASKS = "--tasks"
"""Before a file that has a line of words for each task of an array, in the place of words."""
NODE = 'exec "$0" --node_rank "$SLURM_NODEID" "$@"'
"""Run by bash on every node, with the deepspeed launcher's words."""


class OutOfTimeError(Exception):
    """The run has not saved in time."""


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0 finished, 2 a mistake of the user's, others as the run's."""
    parser = argparse.ArgumentParser(prog="launchers/slurm.sbatch", description=__doc__)
    parser.add_argument("config", type=Path, help="a YAML file that names a stage")
    parser.add_argument("overrides", nargs="*", metavar="key.path=value")
    given = sys.argv[1:] if words is None else list(words)
    settle_accelerator()
    try:
        arguments = parser.parse_args(_task(Path(given[1])) if given[:1] == [TASKS] else given)
        return _job(arguments.config, arguments.overrides)
    except ConfigError as error:
        return _say(str(error), 2)


def _job(path: Path, overrides: Sequence[str]) -> int:
    job = _id()

    from stages import program

    _, config = program.load(path, overrides)
    run = Path(config.run)
    check_same_config(run, program.resolved(config))
    if is_finished(run):
        return _say(f"{run}: finished already", 0)
    claim(run, job)
    wish = (run / DESK / "stop").resolve()
    wish.unlink(missing_ok=True)
    try:
        status = _launch(_command(path, overrides, run=run, job=job), wish)
    except OutOfTimeError:
        status = STOPPED
    if is_finished(run):
        return 0
    if status == 2:
        return status  # said in one line; another try would say it again
    return _again(run, job, status or UNFINISHED)


def _task(path: Path) -> list[str]:
    """The words of this task of an array: its line of a file."""
    number = int(os.environ.get("SLURM_ARRAY_TASK_ID", -1))
    lines = path.read_text().splitlines()
    if not 0 <= number < len(lines):
        raise ConfigError(f"{path}: has no line for task {number} of an array")
    return shlex.split(lines[number])


def _id() -> str:
    """This job's, as Slurm's commands want it."""
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    if task is not None:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}"
    if "SLURM_JOB_ID" not in os.environ:
        raise ConfigError("not in a Slurm job; give: sbatch launchers/slurm.sbatch CONFIG")
    return os.environ["SLURM_JOB_ID"]


def _command(path: Path, overrides: Sequence[str], *, run: Path, job: str) -> list[str]:
    """The stage on all nodes: one task each, which is deepspeed's launcher."""
    nodes = told(["scontrol", "show", "hostnames", os.environ["SLURM_JOB_NODELIST"]]).split()
    here = os.environ
    slots = here.get("PVVAE_PROCESSES") or here.get("SLURM_GPUS_ON_NODE") or "1"
    hosts = run / DESK / "hosts"
    write_text(hosts, "".join(f"{node} slots={slots}\n" for node in nodes))
    number = int(here["SLURM_JOB_ID"])
    srun = ["srun", f"--nodes={len(nodes)}", f"--ntasks={len(nodes)}", "--kill-on-bad-exit=1"]
    if "SLURM_CPUS_PER_TASK" in here:  # srun no longer takes it over from sbatch
        srun.append(f"--cpus-per-task={here['SLURM_CPUS_PER_TASK']}")
    launcher = str(Path(sys.executable).with_name("deepspeed"))
    where = ["--hostfile", str(hosts), "--no_ssh", "--log_level", "critical"]
    # The batch half runs on the first node, which is where rank 0 will be.
    where += ["--master_addr", socket.gethostname(), "--master_port", str(20000 + number % 20000)]
    stage = ["--module", "stages", str(path), *overrides]
    return [*srun, "bash", "-c", NODE, launcher, *where, *stage]


def _launch(command: Sequence[str], wish: Path) -> int:
    """Run to the end; Slurm's signal becomes the wish to stop.

    Raises:
        OutOfTimeError: if the run goes on all the same.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        wish.touch()
        signal.alarm(GRACE)

    def late(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGUSR2, ask)  # first of all: it may come at any moment
    process = subprocess.Popen(command, env=os.environ | {VARIABLE: str(wish)})
    try:
        return process.wait()
    finally:
        signal.alarm(0)
        process.terminate()  # if it is out of time


def _again(run: Path, job: str, status: int) -> int:
    """Queue the job again, unless it is being ended or the last try has brought nothing new."""
    found = queued_jobs().get(job)
    if found is None or found.state != "RUNNING":
        return status  # cancelled, or at its limit
    note, now = run / DESK / "ended", _standing(run)
    if note.is_file() and note.read_text() == now:
        return _say(
            f"{run}: the run ended with status {status}, as the time before, with nothing new "
            "saved; see above. The same line goes on from here",
            status,
        )
    write_text(note, now)
    told(["scontrol", "requeue", job])
    _say(f"{run}: queued again as job {job}", 0)
    time.sleep(GRACE)  # Slurm ends this program meanwhile
    return status


def _standing(run: Path) -> str:
    """What a run has saved: its newest checkpoint, and how many results."""
    newest = max((path.name for path in (run / "checkpoints").glob("step_*")), default="none")
    files = (path.relative_to(run) for path in run.rglob("*") if path.is_file())
    results = [p for p in files if p.parts[0] not in ("checkpoints", "samples", "wandb")]
    return f"{newest} {sum(not p.parts[0].startswith('.') for p in results)}"


def _say(text: str, status: int) -> int:
    print(f"pvvae: {text}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
