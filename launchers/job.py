"""The batch half of a Slurm job: one run on all its nodes, queued again until it is finished.

``launchers/slurm.sbatch`` turns into this program, so it gets the batch shell's signals. What
counts is what is in the run folder: a launcher that a signal ends may well say 0.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from launchers.machines.local import UNFINISHED, exit_status
from launchers.machines.nodes import (
    LAUNCH,
    REPEATED,
    examine_nodes,
    exclude,
    failed_first,
    node_environment,
    not_yet_avoided,
    note_failed,
)
from launchers.machines.queue import DESK, claim, queued_jobs, told
from launchers.studies.array_task import ArrayTask, read_errand
from launchers.studies.attempt import MISTAKE
from pvvae.accelerator import settle_accelerator
from pvvae.errors import ConfigError
from pvvae.files import write_text
from pvvae.run.folder import check_same_config, checkpoint_folders, is_done, is_finished
from pvvae.run.stop_request import STOPPED, VARIABLE

RETRIES = 1
"""How often a try is repeated that brought nothing new. Ours, as a study's."""
GRACE = 100
"""Seconds from Slurm's signal to queueing again without a checkpoint. The signal comes 120 to 180
seconds before the limit (Slurm may be early, not late); the rest is for the queueing."""
TASKS = "--tasks"
"""Before a file that has a line for each task of a study's array, in the place of words."""


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
        if given[:1] == [TASKS]:
            return _errand(read_errand(Path(given[1])))
        arguments = parser.parse_args(given)
        return _job(arguments.config, arguments.overrides)
    except ConfigError as error:
        return _say(str(error), MISTAKE)


def _errand(errand: ArrayTask) -> int:
    """A run of a study: a stage's as any other, a command here and now."""
    if errand.done:
        return _say(f"{errand.run}: finished already", 0)
    errand.check_needs()
    return errand.give() if errand.config is None else _job(errand.write_config(), [], errand)


def _job(path: Path, overrides: Sequence[str], errand: ArrayTask | None = None) -> int:
    job = _id()
    run, plain = _run(path, overrides, errand)
    if is_done(run, plain):
        return _say(f"{run}: finished already", 0)
    claim(run, job)
    wish = (run / DESK / "stop").resolve()
    wish.unlink(missing_ok=True)
    began = time.monotonic()
    signal.signal(signal.SIGUSR2, lambda _number, _frame: wish.touch())  # the limit may be near
    nodes = _nodes()
    wrong = examine_nodes(nodes, _srun(nodes), _doctor_words(path, overrides, nodes), run)
    if wrong := not_yet_avoided(run, wrong):
        for node, why in wrong.items():
            _say(f"{node} is not right: {why}", 0)
        return _again(run, job, STOPPED, without=tuple(wrong))
    Path(node_environment(run)["PVVAE_FAILED"]).unlink(missing_ok=True)
    if errand is not None:
        errand.begin()
    try:
        status = _launch(_command(path, overrides, nodes, run=run), wish, node_environment(run))
    except OutOfTimeError:
        status = STOPPED
    status = 0 if is_finished(run) else status or UNFINISHED
    ended = status not in (0, MISTAKE) and _is_ended(job)
    retries = RETRIES if errand is None else errand.retries
    # A mistake was said in one line; another try would say it again.
    again = status not in (0, MISTAKE) and not ended and _may_try(run, job, status, retries)
    if errand is not None:
        stopped = ended or (again and status == STOPPED)
        errand.note(status, seconds=time.monotonic() - began, stopped=stopped)
    return _again(run, job, status, without=_failing(run)) if again else status


def _failing(run: Path) -> tuple[str, ...]:
    """The node that was the first to fail, if it has been before."""
    node = failed_first(run, but=(STOPPED, MISTAKE))
    if node is None or note_failed(run, node) < REPEATED:
        return ()
    _say(f"{node} was the first to fail, {REPEATED} times", 0)
    return (node,)


def _run(
    path: Path, overrides: Sequence[str], errand: ArrayTask | None
) -> tuple[Path, dict[str, Any]]:
    """The run folder of a config that may be run there, and the config."""
    from stages import program

    try:
        _, config = program.load(path, overrides)
        plain = program.resolved(config)
        check_same_config(Path(config.run), plain)
    except ConfigError as error:
        if errand is not None:
            errand.note(MISTAKE, seconds=0.0, why=str(error))
        raise
    return Path(config.run), plain


def _id() -> str:
    """This job's, as Slurm's commands want it."""
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    if task is not None:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}"
    if "SLURM_JOB_ID" not in os.environ:
        raise ConfigError("not in a Slurm job; give: sbatch launchers/slurm.sbatch CONFIG")
    return os.environ["SLURM_JOB_ID"]


def _nodes() -> list[str]:
    """Names of the job's nodes."""
    return told(["scontrol", "show", "hostnames", os.environ["SLURM_JOB_NODELIST"]]).split()


def _processes() -> str:
    """How many there are on each node."""
    here = os.environ
    return here.get("PVVAE_PROCESSES") or here.get("SLURM_GPUS_ON_NODE") or "1"


def _srun(nodes: Sequence[str]) -> list[str]:
    """The words that begin one task on each node."""
    srun = ["srun", f"--nodes={len(nodes)}", f"--ntasks={len(nodes)}", "--kill-on-bad-exit=1"]
    if "SLURM_CPUS_PER_TASK" in os.environ:  # srun no longer takes it over from sbatch
        srun.append(f"--cpus-per-task={os.environ['SLURM_CPUS_PER_TASK']}")
    return srun


def _doctor_words(path: Path, overrides: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """What each node is asked; the plan was made before, and takes longer than all of it."""
    number = ["--processes", _processes(), "--nodes", str(len(nodes)), "--no-plan"]
    return [str(path), *overrides, *number]


def _command(path: Path, overrides: Sequence[str], nodes: Sequence[str], *, run: Path) -> list[str]:
    """The stage on all nodes: one task each, which is deepspeed's launcher."""
    hosts = run / DESK / "hosts"
    write_text(hosts, "".join(f"{node} slots={_processes()}\n" for node in nodes))
    number = int(os.environ["SLURM_JOB_ID"])
    launcher = str(Path(sys.executable).with_name("deepspeed"))
    where = ["--hostfile", str(hosts), "--no_ssh", "--log_level", "critical"]
    # The batch half runs on the first node, which is where rank 0 will be.
    where += ["--master_addr", socket.gethostname(), "--master_port", str(20000 + number % 20000)]
    stage = ["--module", "stages", str(path), *overrides]
    return [*_srun(nodes), "bash", "-c", LAUNCH, launcher, *where, *stage]


def _launch(command: Sequence[str], wish: Path, more: Mapping[str, str]) -> int:
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
    process = subprocess.Popen(command, env=os.environ | {VARIABLE: str(wish), **more})
    try:
        return exit_status(process.wait())
    finally:
        signal.alarm(0)
        process.terminate()  # if it is out of time


def _is_ended(job: str) -> bool:
    """Whether the job was cancelled, or is at its limit."""
    found = queued_jobs().get(job)
    return found is None or found.state != "RUNNING"


def _may_try(run: Path, job: str, status: int, retries: int) -> bool:
    """Whether there is sense in another try; the last ones may have brought nothing new."""
    note, now = run / DESK / "ended", f"{job}: {_standing(run)}"
    before = note.read_text().splitlines() if note.is_file() else []
    vain = [line for line in before if line == now]
    write_text(note, "".join(f"{line}\n" for line in [*vain, now]))
    # A time limit is no failure, whatever the number of retries, if something was saved.
    if len(vain) < (max(1, retries) if status == STOPPED else retries):
        return True
    times = f", as {len(vain)} times before, with nothing new saved" if vain else ""
    _say(
        f"{run}: the run ended with status {status}{times}; see above. The same line goes on "
        "from here",
        status,
    )
    return False


def _again(run: Path, job: str, status: int, *, without: Sequence[str] = ()) -> int:
    """Queue the job again, to run on other nodes than ``without``."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Slurm's: the queue must hear of nodes first
    told(["scontrol", "requeue", job])
    if without:
        exclude(job, without, run)  # of a running job Slurm takes no such word
        _say(f"without {', '.join(without)}: scontrol update jobid={job} ExcNodeList= undoes it", 0)
    _say(f"{run}: queued again as job {job}", 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(GRACE)  # Slurm ends this program meanwhile
    return status


def _standing(run: Path) -> str:
    """What a run has saved: its newest checkpoint, and how many results."""
    saved = checkpoint_folders(run / "checkpoints")
    newest = saved[-1].name if saved else "none"
    files = (path.relative_to(run) for path in run.rglob("*") if path.is_file())
    results = [p for p in files if p.parts[0] not in ("checkpoints", "samples", "wandb")]
    return f"{newest} {sum(not p.parts[0].startswith('.') for p in results)}"


def _say(text: str, status: int) -> int:
    print(f"pvvae: {text}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
