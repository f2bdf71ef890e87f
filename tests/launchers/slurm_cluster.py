"""A real Slurm on this machine: munge, a controller and two nodes, in a folder of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

PACKAGES = ("slurm-wlm", "munge")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "setpriv")
NODES = ("n1", "n2")
RESTART = "now+8seconds"  # ours: longer than KillWait
PATIENCE = 120.0  # seconds; for anything on a machine that has other things to do

SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=5
KillWait=5
MinJobAge=600
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[1]}-{ports[2]}] CPUs=1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """Two nodes with one processor each."""

    def __init__(self, folder: Path) -> None:
        """Write the settings; nothing runs yet."""
        self.folder = folder
        self.settings = folder / "slurm.conf"
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        host = socket.gethostname().partition(".")[0]
        ports = _free_ports()
        (folder / "state").mkdir()
        self.settings.write_text(SETTINGS.format(host=host, folder=folder, ports=ports))

    def start(self) -> None:
        """Bring everything up."""
        key, spool = self.folder / "munge.key", self.folder / "munge.socket"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log")]
        seed = f"--seed-file={self.folder}/munge.seed"
        self._start("munged", "--foreground", "--force", f"--socket={spool}", seed, *files)
        until(spool.exists, "munge")
        self._start("slurmctld", "-D", "-f", str(self.settings))
        for node in NODES:
            self.start_node(node)

    def start_node(self, node: str) -> None:
        """Bring a node up and wait until it can be used."""
        self._start("slurmd", "-D", "-f", str(self.settings), "-N", node, name=node)
        until(lambda: self._node_state(node) in ("idle", "mixed", "allocated"), f"node {node}")

    def kill_node(self, node: str) -> None:
        """End its daemon and all it runs at once, as when the power fails."""
        self._daemons.pop(node).kill()
        for process in self._processes():
            if process.info["environ"].get("SLURMD_NODENAME") == node:
                parent = process.parent()
                if parent is not None and parent.name().startswith("slurmstepd"):
                    parent.kill()
                process.kill()

    def stop(self) -> None:
        """End all jobs, then all daemons, whatever state they are in."""
        subprocess.run(["scancel", "--user=root"], env=self.environment, timeout=30, check=False)
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
        for daemon in self._daemons.values():
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for process in self._processes():
            process.kill()
        self._daemons.clear()

    @property
    def environment(self) -> dict[str, str]:
        """For Slurm's commands."""
        return os.environ | {"SLURM_CONF": str(self.settings)}

    def tell(self, *command: str) -> str:
        """Give one of Slurm's commands; what it prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def job(self, job: str) -> dict[str, str]:
        """What Slurm says of a job."""
        words = self.tell("scontrol", "--oneliner", "show", "job", job).split()
        return dict(word.partition("=")[::2] for word in words)

    def wait(self, job: str, *states: str) -> None:
        """Until the job is in one of these states."""
        what = f"job {job} to be {' or '.join(states)}"
        until(lambda: self.job(job)["JobState"] in states, what, more=lambda: str(self.job(job)))

    def start_again(self, job: str, *changes: str) -> None:
        """Spare a job that has been queued again its two minutes of waiting, for some seconds.

        A few are needed: nodes refuse a job that they have just been told to end.
        """
        until(lambda: self.job(job)["JobState"] == "PENDING", f"job {job} to be queued again")
        self.tell("scontrol", "update", f"jobid={job}", f"StartTime={RESTART}", *changes)
        until(
            lambda: self.job(job)["JobState"] != "PENDING",
            f"job {job} to start again",
            more=lambda: str(self.job(job)),
        )

    def _start(self, *command: str, name: str | None = None) -> None:
        with (self.folder / f"{name or command[0]}.out").open("ab") as out:
            self._daemons[name or command[0]] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _node_state(self, node: str) -> str:
        words = ["sinfo", "--noheader", f"--nodes={node}", "--format=%T"]
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def _processes(self) -> list[psutil.Process]:
        """Those of this cluster's jobs."""
        found = psutil.process_iter(["environ"])
        mine = {"SLURM_CONF": str(self.settings)}
        return [
            p
            for p in found
            if p.info["environ"] and mine.items() <= p.info["environ"].items()
            if "SLURM_JOB_ID" in p.info["environ"] or p.name().startswith("slurmstepd")
        ]


def until(done: Callable[[], bool], what: str, *, more: Callable[[], str] = str) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"waited in vain for {what} {more()}"
        time.sleep(0.2)


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that is gone afterwards; skips where it cannot be had."""
    _install()
    cluster = Cluster(folder)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def _install() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0:
        pytest.skip("a Slurm of one's own wants root")
    if not missing:
        return
    if shutil.which("apt-get") is None:
        pytest.skip(f"no {missing[0]} here, and no apt-get to install {' and '.join(PACKAGES)}")
    with _no_services():
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-qq", *words], capture_output=True, text=True, check=False
            )
    if any(shutil.which(name) is None for name in PROGRAMS):
        pytest.skip(f"cannot install {' and '.join(PACKAGES)}: {done.stderr.strip()[-200:]}")


@contextmanager
def _no_services() -> Iterator[None]:
    """Debian would start what it installs."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def _free_ports() -> tuple[int, int, int]:
    """The controller's, and two neighbours for the nodes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller = int(probe.getsockname()[1])
    for first in range(17001, 30000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", first))
                two.bind(("127.0.0.1", first + 1))
            except OSError:
                continue
            return controller, first, first + 1
    raise AssertionError("no two free ports")
