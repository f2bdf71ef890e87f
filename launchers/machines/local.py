"""Running one stage on this machine or on those of a hostfile, by the deepspeed launcher."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pvvae.accelerator import given_devices
from pvvae.errors import ConfigError
from pvvae.run.folder import is_finished
from pvvae.run.process_lifetime import hold_lifeline
from pvvae.run.stop_request import STOPPED

HOST = re.compile(r"^\s*\S+\s+slots=[1-9]\d*\s*(#.*)?$")
"""A line of a hostfile, as DeepSpeed reads it."""
UNFINISHED = 70
"""Status of a stage whose launcher says 0 without the run being finished: DeepSpeed's does when a
signal ends its inner half. Ours, after EX_SOFTWARE of sysexits.h."""


def stage_command(
    config: Path, overrides: Sequence[str], *, processes: int, hostfile: Path | None = None
) -> list[str]:
    """The command line of one stage: deepspeed's, or without it where there is one process."""
    return module_command(
        "stages", [str(config), *overrides], processes=processes, hostfile=hostfile
    )


def module_command(
    module: str, words: Sequence[str], *, processes: int, hostfile: Path | None = None
) -> list[str]:
    """The command line of a Python module that runs in a group of processes."""
    if processes == 1 and hostfile is None:
        return [sys.executable, "-m", module, *words]
    where = ["--hostfile", str(hostfile)] if hostfile else ["--num_accelerators", str(processes)]
    return [
        str(Path(sys.executable).with_name("deepspeed")),
        *where,
        "--master_port",
        str(_free_port()),
        # At "error" it repeats the command line of every process that ends with a status.
        "--log_level",
        "critical",
        "--module",
        module,
        *words,
    ]


def check_machines(*, processes: int | None, hostfile: Path | None) -> int:
    """The number of processes on this machine: as asked for, or one for each GPU, or one.

    Raises:
        ConfigError: for a number that cannot be had, or a hostfile that DeepSpeed would not read.
    """
    import torch

    gpus = torch.cuda.device_count()
    if hostfile is not None:
        _check_hostfile(hostfile)
        if processes is not None:
            raise ConfigError(
                "--processes: a hostfile says how many processes run where (slots=N); give one of "
                "--processes and --hostfile"
            )
    if processes is None:
        return max(1, gpus)
    if 0 < gpus < processes:
        raise ConfigError(f"--processes: this machine has {gpus} GPUs, got {processes}; use {gpus}")
    return processes


def run_stage(
    config: Path, overrides: Sequence[str], *, processes: int, hostfile: Path | None = None
) -> int:
    """Run one stage to its end; its exit status, 128 + n for one that signal n ended.

    The stage's processes die with this one, however it dies.
    """
    command = stage_command(config, overrides, processes=processes, hostfile=hostfile)
    return run_command(command, hostfile=hostfile)


def run_to_end(
    folder: Path,
    config: Path,
    overrides: Sequence[str],
    *,
    processes: int,
    hostfile: Path | None = None,
) -> int:
    """Run one stage as :func:`run_stage` does; UNFINISHED if it says 0 and ``folder`` is not."""
    status = run_stage(config, overrides, processes=processes, hostfile=hostfile)
    return UNFINISHED if status == 0 and not is_finished(folder) else status


def run_command(command: Sequence[str], *, hostfile: Path | None = None) -> int:
    """Run a launcher's command line as :func:`run_stage` does."""
    with hold_lifeline() as lifeline:
        environment = os.environ | lifeline | given_devices()
        # In a session of its own: Ctrl-C would make every process of it print a traceback.
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            return exit_status(process.wait())
        except KeyboardInterrupt:
            pass
    if hostfile is not None:
        process.terminate()  # other machines have no lifeline; the launcher ends what runs there
    process.wait()
    return 130


def explain(status: int, folder: Path) -> None:
    """One line about a stage that ended badly; a mistake and a stop have said their own."""
    if status in (0, 2, STOPPED):
        return
    if status == UNFINISHED:
        what = "the launcher ended early, without saying why"
    elif status == 130:
        what = "interrupted"
    elif status > 128:
        reason = ", most often for want of memory" if status - 128 == signal.SIGKILL else ""
        what = f"a process was ended by signal {status - 128}{reason}"
    else:
        what = f"a process ended with status {status}, see above"
    print(f"\npvvae: {folder}: {what}; the same command goes on from here", file=sys.stderr)


def shown(command: Sequence[str]) -> str:
    """A command as a person would type it."""
    return shlex.join(command)


def exit_status(returned: int) -> int:
    """Exit status as a shell gives it: 128 + n for a process that signal n ended.

    Popen says -n of such a process, and the deepspeed launcher 256 - n.
    """
    if returned < 0:
        return 128 - returned
    return 128 + (256 - returned) if returned > 192 else returned


def _check_hostfile(hostfile: Path) -> None:
    if not hostfile.is_file():
        raise ConfigError(f"{hostfile}: no such hostfile; its lines are like: worker-1 slots=8")
    lines = [line for line in hostfile.read_text().splitlines() if line.strip()]
    hosts = [line for line in lines if not line.lstrip().startswith("#")]
    bad = next((line for line in hosts if not HOST.match(line)), None)
    if bad is not None or not hosts:
        raise ConfigError(
            f"{hostfile}: {bad or ''!r} is not a host; write lines like: worker-1 slots=8"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
