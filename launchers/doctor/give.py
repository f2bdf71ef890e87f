"""Giving checks one after another within some minutes, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from launchers.doctor.gpu_check import CheckResult, GpuCheck, State, Words
from launchers.doctor.results import keep_result, machine, read_results
from pvvae.errors import one_line
from pvvae.run.process_lifetime import hold_lifeline

ROOT = Path(__file__).resolve().parents[2]
ENDED = ("pass", "fail", "not possible here")
PROGRAMS = {
    "pvvae": (sys.executable, "-m", "launchers"),
    "pytest": (sys.executable, "-m", "pytest"),
    "measure": (sys.executable, "-m", "launchers.doctor.measured"),
}
"""By the first word of a check's program."""


def give(
    checks: Sequence[GpuCheck], results: Path, *, minutes: float, again: bool = False
) -> Iterator[tuple[GpuCheck, CheckResult | None]]:
    """Each check with its result, known or new; None where the minutes are over.

    Args:
        checks: in their order.
        results: the file that is read, and written after each check.
        minutes: for all that is new.
        again: whether what has ended is given again.
    """
    kind, deadline = machine(), time.monotonic() + 60.0 * minutes
    known = {} if again else read_results(results).get(kind, {})
    for check in checks:
        found = known.get(check.name)
        if found is not None and found.state in ENDED:
            yield check, found
            continue
        left = deadline - time.monotonic()
        if left <= 0:
            yield check, None
            continue
        result = one(check, kind, seconds=left)
        keep_result(results, kind, check.name, result)
        yield check, result


def one(check: GpuCheck, kind: str, *, seconds: float) -> CheckResult:
    """Make one check now."""
    programs, why = programs_here(check)
    began = time.monotonic()
    state: State = "pass" if programs else "not possible here"
    figure = "" if programs else why
    for words in programs:
        left = seconds - (time.monotonic() - began)
        state, figure = _run(words, seconds=left)
        if state != "pass":
            break
    return CheckResult(
        state=state,
        figure=figure,
        bound=check.bound,
        source=check.source,
        seconds=round(time.monotonic() - began, 1),
        machine=kind,
    )


def programs_here(check: GpuCheck) -> tuple[tuple[Words, ...], str]:
    """The programs of a check on this machine, or none and why."""
    import torch

    gpus = torch.cuda.device_count()
    programs = check.on_gpu if gpus else check.on_cpu
    if not programs:
        return (), f"wants {check.wants}"
    if 0 < gpus < check.gpus:
        return (), f"wants {check.gpus} GPUs, here is {gpus}"
    if any(words[0] == "pytest" for words in programs) and not (ROOT / "tests").is_dir():
        return (), "wants the tests: give the command in a checkout of the project"
    return programs, ""


def _run(words: Words, *, seconds: float) -> tuple[State, str]:
    """Run a program to its end or for some seconds: how it ended, and the last line it said."""
    command = [*PROGRAMS[words[0]], *words[1:]]
    with hold_lifeline() as lifeline:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | lifeline,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=max(seconds, 1.0))
        except subprocess.TimeoutExpired:
            return "unfinished", f"`{' '.join(words)}` wants more than {seconds:.0f} s"
        finally:
            with suppress(ProcessLookupError):  # it, and what it has started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = [line for line in said.splitlines() if line.strip()] or ["said nothing"]
    return ("pass" if process.returncode == 0 else "fail"), one_line(lines[-1].strip(), 200)
