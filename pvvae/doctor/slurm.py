"""Slurm: whether it answers, and which of its defaults a long run would stumble over."""

import re
import shutil
import subprocess
from collections.abc import Iterator

from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

PATIENCE = 3.0
"""Seconds that a controller has to answer. Ours: the whole command has ten."""


@register_check("slurm")
def slurm(wanted: Wanted) -> Iterator[Finding]:
    """The cluster's defaults; nothing where there is no Slurm."""
    if shutil.which("scontrol") is None:
        yield Finding(name="slurm", found="none here", right=None)
        return
    try:
        settings = _told(["scontrol", "show", "config"])
        partitions = _told(["scontrol", "--oneliner", "show", "partition"])
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        yield Finding(
            name="slurm",
            found=f"installed, and does not answer: {str(said).strip().splitlines()[0]}",
            right=None,
            advice="no matter unless you mean to use sbatch from here",
        )
        return
    yield from defaults(settings, partitions)


def defaults(settings: str, partitions: str) -> Iterator[Finding]:
    """Lines about what Slurm gives a job that does not ask.

    Args:
        settings: what ``scontrol show config`` prints.
        partitions: what ``scontrol --oneliner show partition`` prints.
    """
    requeues = _value(settings, "JobRequeue") != "0"
    yield Finding(
        name="slurm: requeue",
        found="a job may queue itself again"
        if requeues
        else "JobRequeue=0: jobs are not queued again",
        right=True if requeues else None,
        advice=""
        if requeues
        else "launchers/slurm.sbatch asks for it with --requeue; if the "
        "cluster forbids it, give the same line again after each time limit",
    )
    first = next((p for p in partitions.splitlines() if "Default=YES" in p), "")
    if not first:
        yield Finding(
            name="slurm: partition",
            found="no default",
            right=None,
            advice="name one: sbatch --partition=..., or slurm.partition=... of a pipeline",
        )
        return
    name = _value(first, "PartitionName")
    time = _value(first, "DefaultTime")
    most = _value(first, "MaxTime")
    yield Finding(
        name="slurm: partition",
        found=f"{name}: {'no default time' if time == 'NONE' else time}, at most {most}; "
        f"memory of a job {_memory(first, settings)}",
        advice="say --time and --mem in the sbatch line",
    )


def _memory(partition: str, settings: str) -> str:
    for text in (partition, settings):
        for key in ("DefMemPerNode", "DefMemPerCPU", "DefMemPerGPU"):
            if (found := _value(text, key)) not in ("", "UNLIMITED"):
                return f"{found} MB ({key})"
    return "unlimited"


def _value(text: str, key: str) -> str:
    """What stands behind ``key=`` or ``key   =``."""
    found = re.search(rf"\b{key}\s*=\s*(\S+)", text)
    return found[1] if found else ""


def _told(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout
