"""GPUs: driver, CUDA, which of them the processes of a command will see, and what a GPU holds."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from pvvae.accelerator import VISIBLE
from pvvae.doctor.bytes_in_words import in_bytes
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

SMI = "nvidia-smi"
PATIENCE = 5.0
"""Seconds. Ours: nvidia-smi answers in one where the driver is well."""


PAPER_WORKERS = 4
"""Data workers of a process in the shipped configs of paper size (configs/shared)."""
CPU_WORKERS = 1
"""Where no config says and there is no GPU. Ours: one decodes while the other trains."""


def processes_here(wanted: Wanted) -> int:
    """Processes of this node: as asked for, or one for each GPU, or one."""
    import torch

    return wanted.processes or max(1, torch.cuda.device_count())


def workers_of(wanted: Wanted) -> int:
    """Data workers of a process: as asked for, or what paper size asks for where there are GPUs."""
    import torch

    if wanted.workers is not None:
        return wanted.workers
    return PAPER_WORKERS if torch.cuda.is_available() else CPU_WORKERS


@register_check("devices")
def devices(wanted: Wanted) -> Iterator[Finding]:
    """Driver, CUDA and the GPUs that processes will see."""
    import torch

    listed, trouble = driver()
    built, seen = torch.version.cuda, torch.cuda.device_count()
    yield from judge(listed, trouble, built=built, seen=seen, environment=os.environ)
    if wanted.processes is not None and 0 < seen < wanted.processes:
        yield Finding(
            name="processes",
            found=f"{wanted.processes} asked for, {seen} GPUs are seen",
            right=False,
            advice=f"use --processes {seen}, or show it more in {VISIBLE}",
        )
    for index in range(seen):
        free, total = torch.cuda.mem_get_info(index)
        needed = wanted.device_bytes
        enough = needed is None or free >= needed
        wants = "" if needed is None else f", a process wants {in_bytes(needed)}"
        yield Finding(
            name=f"GPU {index}",
            found=f"{torch.cuda.get_device_name(index)}, {in_bytes(free)} free of "
            f"{in_bytes(total)}{wants}",
            right=enough,
            advice=""
            if enough
            else "`pvvae plan` shows which ZeRO stage, recomputation or batch "
            "fits; nvidia-smi who has the rest",
        )


def judge(
    listed: list[str],
    trouble: str,
    *,
    built: str | None,
    seen: int,
    environment: Mapping[str, str],
) -> Iterator[Finding]:
    """Lines about driver, CUDA and visible GPUs.

    Args:
        listed: GPUs of the machine, a line each, as the driver lists them.
        trouble: what is wrong with the driver, empty if nothing is.
        built: the CUDA that torch was built for, None for none.
        seen: GPUs that torch sees.
        environment: this process's.
    """
    if trouble:
        yield Finding(
            name="driver",
            found=trouble,
            right=False,
            advice="ask who runs the machine; `nvidia-smi` must list its GPUs",
        )
        return
    if not listed:
        yield Finding(
            name="driver",
            found="no NVIDIA driver: everything runs on the CPU",
            right=None,
            advice="paper size wants GPUs; configs/tiny and the box do not",
        )
        return
    yield Finding(name="driver", found=f"{len(listed)} GPUs: {listed[0]}")
    if built is None:
        yield Finding(
            name="cuda",
            found="torch was built without CUDA",
            right=False,
            advice="install torch for CUDA (pytorch.org, Get Started); GPUs stay idle",
        )
        return
    word = environment.get(VISIBLE)
    shown = "all" if word is None else f"{VISIBLE}={word}"
    wished = None if word is None else len([part for part in word.split(",") if part.strip()])
    right = seen > 0 and wished in (None, seen)
    yield Finding(
        name="cuda",
        found=f"torch for CUDA {built} sees {seen} GPUs ({shown}); so will processes it starts",
        right=right,
        advice=""
        if right
        else f"{VISIBLE} names what is not here, or the driver is too old for "
        f"CUDA {built}; nvidia-smi -L lists the names",
    )


def driver() -> tuple[list[str], str]:
    """GPUs as the driver lists them, and what is wrong with it."""
    if shutil.which(SMI) is None:
        return [], ""
    query = [SMI, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"{SMI}: {error}"
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = (done.stderr or done.stdout).strip().splitlines() or ["says nothing"]
        return [], f"{SMI}: {said[-1]}"
    return lines, ""
