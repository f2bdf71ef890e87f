"""Cores that this process may use, against the processes that will want one."""

import os
from collections.abc import Iterator
from pathlib import Path

from pvvae.doctor.devices import processes_here, workers_of
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

CGROUP = Path("/sys/fs/cgroup")
"""Where version 2 of Linux's control groups is mounted (cgroups(7))."""
OWN_GROUP = Path("/proc/self/cgroup")


@register_check("cores")
def cores(wanted: Wanted) -> Iterator[Finding]:
    """Cores visible to this process, and what Slurm has given."""
    visible, why = visible_cores()
    processes, workers = processes_here(wanted), workers_of(wanted)
    needed = processes * (1 + workers)
    enough = visible >= needed
    asked = f"{processes} x (1 process + {workers} data workers) want {needed}"
    yield Finding(
        name="cores",
        found=f"{visible:g} visible to this process ({why}); {asked}",
        right=enough,
        advice="" if enough else _advice(needed, visible),
    )


def _advice(needed: int, visible: float) -> str:
    if "SLURM_JOB_ID" in os.environ:
        return f"ask for them: sbatch --cpus-per-task={needed}"
    return (
        f"give this process {needed} cores (a container's --cpus, taskset, sbatch "
        "--cpus-per-task), or set data.workers lower: data will be late otherwise"
    )


def visible_cores() -> tuple[float, str]:
    """Cores that this process may use, and what bounds them."""
    machine = os.cpu_count() or 1
    bounds = {"the machine's": float(machine)}
    bounds["allowed by its affinity"] = float(len(os.sched_getaffinity(0)))
    quota = group_quota(_group_folder())
    if quota is not None:
        bounds["a quota of its control group"] = quota
    slurm = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if slurm.isdecimal():
        bounds["SLURM_CPUS_PER_TASK"] = float(slurm)
    least = min(bounds, key=lambda name: bounds[name])
    why = least if least == "the machine's" else f"{least}; the machine has {machine}"
    return bounds[least], why


def group_quota(folder: Path) -> float | None:
    """Cores that a control group and those above it allow, None for no bound.

    Args:
        folder: the group's, whose ``cpu.max`` says ``max`` or microseconds in a period.
    """
    found: list[float] = []
    for each in (folder, *folder.parents):
        try:
            quota, period = (each / "cpu.max").read_text().split()
        except (OSError, ValueError):  # the root has none, nor has version 1
            continue
        if quota != "max":
            found.append(int(quota) / int(period))
    return min(found, default=None)


def _group_folder() -> Path:
    try:
        lines = OWN_GROUP.read_text().splitlines()
    except OSError:
        return CGROUP
    own = [line.removeprefix("0::/") for line in lines if line.startswith("0::/")]
    return CGROUP / own[0] if own else CGROUP
